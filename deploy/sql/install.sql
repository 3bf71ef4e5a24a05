-- Installs or upgrades schema worker_pool by hand, for operators whose login may not create a schema:
--
--   psql -v owner=library_operator -f deploy/sql/install.sql library
--
-- `owner` is the operator's login. Run it as a superuser or as a member of that role which may create schemas here. The files
-- are those that the operator applies itself, and it finds them applied. May be run again at any time.

\set ON_ERROR_STOP on
BEGIN;
CREATE SCHEMA IF NOT EXISTS worker_pool AUTHORIZATION :"owner";
SET LOCAL ROLE :"owner";
\ir ../../src/main/resources/dev/pgworkerpool/queue/sql/bootstrap.sql
LOCK TABLE worker_pool.schema_version IN EXCLUSIVE MODE;

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 1) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/001_tables.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (1);
\endif

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 2) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/002_keys.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (2);
\endif

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 3) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/003_submit.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (3);
\endif

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 4) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/004_drain.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (4);
\endif

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 5) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/005_control.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (5);
\endif

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 6) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/006_worker.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (6);
\endif

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 7) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/007_views.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (7);
\endif

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 8) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/008_operator.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (8);
\endif

SELECT NOT EXISTS (SELECT FROM worker_pool.schema_version WHERE version = 9) AS missing \gset
\if :missing
    \ir ../../src/main/resources/dev/pgworkerpool/queue/sql/009_grants.sql
    INSERT INTO worker_pool.schema_version (version) VALUES (9);
\endif

COMMIT;
