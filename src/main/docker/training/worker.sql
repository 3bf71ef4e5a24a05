-- A pool with one login, as its operator would leave it.
CREATE ROLE operator LOGIN PASSWORD 'training';
CREATE ROLE alice LOGIN PASSWORD 'training';
\set owner operator
\ir ../../../../deploy/sql/install.sql
SET ROLE operator;
SELECT worker_pool.acquire('uid', 'training', false), worker_pool.set_logins('{alice}', '{alice}');
