-- Advisory lock keys, what runs, and who may see it. All SQL of this schema names its objects with their schema: it runs in sessions whose
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

-- K3, outcome: held exclusively by the transaction that ends the job, and by one that cancels it. Which of them had it first wins.
-- Nobody else can tell this key before it is held: with the lock of an outcome one could make a cancel fail, or lie.
-- `salt` is for the tokens of claim(): quick rather than strong. Who has seen two can find it out, and hide that a job of his own
-- runs: finish() asks for the submitter as well.
CREATE TABLE worker_pool.secret (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    seed       bytea NOT NULL DEFAULT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.gen_random_uuid()::text, 'UTF8')),
    salt       bigint NOT NULL DEFAULT pg_catalog.hashtextextended(pg_catalog.gen_random_uuid()::text, 0)
);
INSERT INTO worker_pool.secret DEFAULT VALUES;

-- Of these two, the planner leaves no call.
CREATE FUNCTION worker_pool.outcome_key(id bigint, seed bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE
RETURN ('x' || pg_catalog.encode(pg_catalog.substring(pg_catalog.sha256(seed || pg_catalog.int8send(id)), 1, 8), 'hex'))::bit(64)::bigint;

CREATE FUNCTION worker_pool.claim_token(id bigint, salt bigint) RETURNS bigint
LANGUAGE sql STABLE
RETURN pg_catalog.hashint8extended(id, pg_catalog.hashint8extended(pg_catalog.pg_current_xact_id()::text::bigint, salt));

CREATE FUNCTION worker_pool.outcome_key(id bigint) RETURNS bigint
LANGUAGE sql STABLE
RETURN (SELECT worker_pool.outcome_key(id, s.seed) FROM worker_pool.secret s WHERE s.singleton);

-- The sessions that may run a job right now, by their transactions. The one that runs a job keeps its row locked until its
-- transaction ends (claim), so the row's xmax is among these: the job can neither undo that nor outlive it, a crash
-- leaves nothing behind, and nobody but the login of the job's submitter can lock its row. (An advisory lock would be open
-- to everybody: a stranger who took it first could hide that a job runs.)
--
-- The oldest transaction of a session, not its sub-transactions: it is in one of those that a session locks the row of a job
-- that it cancels (cancel_job).
CREATE VIEW worker_pool.running_transaction AS
SELECT t.xid, g.role AS submitter, t.pid
FROM (
    SELECT DISTINCT ON (l.pid) l.pid, l.transactionid::text AS xid
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted
    ORDER BY l.pid, pg_catalog.age(l.transactionid) DESC
) t
JOIN pg_catalog.pg_stat_activity a ON a.pid = t.pid
JOIN worker_pool.login g ON g.login = a.usesysid;

-- The jobs that run outside a transaction right now: the session that was noted down before the job began is still there. Who decides
-- by it calls pg_stat_clear_snapshot() first: a transaction sees the sessions of its first look, which may be a while ago.
CREATE VIEW worker_pool.running_autocommit AS
SELECT w.current_job AS id, w.worker_name, j.submitter, j.origin_uid, a.pid
FROM worker_pool.worker w
JOIN worker_pool.queued_job j ON j.id = w.current_job AND j.status = 'waiting'
JOIN pg_catalog.pg_stat_activity a ON a.pid = w.autocommit_pid AND a.usesysid = w.autocommit_login
WHERE w.autocommit_pid IS NOT NULL
  AND w.server_started = pg_catalog.pg_postmaster_start_time()
  AND a.datname = pg_catalog.current_database();

-- The autocommit jobs that have begun, as far as nobody has recorded how they ended: some run, of the others nobody knows what they did.
CREATE VIEW worker_pool.begun_autocommit AS
SELECT j.id, j.submitter, w.since
FROM worker_pool.worker w
JOIN worker_pool.queued_job j ON j.id = w.current_job AND j.status = 'waiting'
WHERE w.autocommit_pid IS NOT NULL AND (j.finished_at >= w.since) IS NOT TRUE;

-- The jobs that run right now, and the sessions that run them. It looks at every job that waits.
CREATE VIEW worker_pool.running_job AS
SELECT j.id, j.worker_name, j.submitter, j.origin_uid, r.pid
FROM worker_pool.running_transaction r
JOIN worker_pool.queued_job j ON j.xmax::text = r.xid AND j.submitter = r.submitter AND j.status = 'waiting'
UNION ALL
SELECT a.id, a.worker_name, a.submitter, a.origin_uid, a.pid
FROM worker_pool.running_autocommit a;

-- Whose jobs this session runs: by session_user, which no job can change. A view, not a function: what runs for each job had better
-- be planned once.
CREATE VIEW worker_pool.session_login AS
SELECT g.role
FROM worker_pool.login g
WHERE g.login = pg_catalog.to_regrole(pg_catalog.quote_ident(session_user))::oid AND g.active;

-- Whose jobs the current role may see: its own; the owner of the schema sees all.
CREATE VIEW worker_pool.visible_submitter AS
SELECT g.role
FROM worker_pool.login g
WHERE g.role = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
   OR (SELECT pg_catalog.pg_has_role(n.nspowner, 'USAGE') FROM pg_catalog.pg_namespace n WHERE n.nspname = 'worker_pool');
