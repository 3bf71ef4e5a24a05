-- Advisory lock keys. All SQL of this schema names its objects with their schema: it runs in sessions whose
-- search_path is somebody else's.

-- K1, liveness: a worker of this name is awake. Held exclusively by the control session of its pod.
CREATE FUNCTION worker_pool.awake_key(worker text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.hashtextextended(worker COLLATE "C", 1);

-- K2, barrier: a submit of this name is between its look at K1 and the end of its commit. Held shared by the submitting
-- transaction. 1024 keys for all names, so that a transaction that submits to 100,000 names does not fill the lock table.
CREATE FUNCTION worker_pool.barrier_key(worker text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 8606216600190023680 + (pg_catalog.hashtextextended(worker COLLATE "C", 2) & 1023);

-- A job runs: held by the session that runs it until its transaction ends, so it can be neither forgotten nor
-- released by the job. The pair (running_class, running_key(id)) is the lock's key.
CREATE FUNCTION worker_pool.running_class() RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 2003855970;

CREATE FUNCTION worker_pool.running_key(id bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (id & 2147483647)::int;

-- The jobs that run right now. Anybody can take an advisory lock, so a lock counts only if its session is the login of
-- the job's submitter: one can at most make one's own jobs look busy.
CREATE VIEW worker_pool.running_job AS
SELECT l.objid::bigint AS key, g.role AS submitter, l.pid
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
JOIN worker_pool.login g ON g.login = a.usesysid
WHERE l.locktype = 'advisory'
  AND l.objsubid = 2
  AND l.classid::bigint = worker_pool.running_class()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database());

-- Whose jobs the current role may see: its own; the owner of the schema sees all.
CREATE VIEW worker_pool.visible_submitter AS
SELECT g.role
FROM worker_pool.login g
WHERE g.role = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
   OR (SELECT pg_catalog.pg_has_role(n.nspowner, 'USAGE') FROM pg_catalog.pg_namespace n WHERE n.nspname = 'worker_pool');
