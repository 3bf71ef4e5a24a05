-- Why a job does not run, or that it does.
CREATE FUNCTION worker_pool.waiting_reason(
    runs boolean, scheduled boolean, has_predecessor boolean, has_login boolean, paused boolean, suspended boolean,
    job_not_before timestamptz, job_name text, not_before timestamptz
) RETURNS text
LANGUAGE sql STABLE
RETURN CASE
    WHEN runs THEN 'Running'
    WHEN scheduled THEN 'Scheduled'
    WHEN has_predecessor THEN 'WaitingForPredecessor'
    WHEN NOT has_login THEN 'RoleNotAllowed'
    WHEN paused THEN 'Paused'
    WHEN suspended THEN 'PoolSuspended'
    WHEN job_not_before > clock_timestamp() THEN 'Retrying'
    WHEN job_name IS NOT NULL THEN 'Starting'
    WHEN not_before > clock_timestamp() THEN 'Retrying'
    ELSE 'WaitingForSlot'
END;

-- What waits or runs, and why. Positions count all jobs of a name that are in its order; rows are shown to those who may see them.

CREATE VIEW worker_pool.queue WITH (security_barrier) AS
SELECT
    q.id,
    q.worker_name,
    pg_catalog.pg_get_userbyid(q.submitter) AS submitter,
    CASE WHEN q.runs THEN 'pending' ELSE 'waiting' END AS status,
    q.position,
    worker_pool.waiting_reason(
        q.runs, q.scheduled, q.name_runs OR q.position > 1, q.has_login, q.paused,
        (SELECT p.suspended FROM worker_pool.pool p WHERE p.singleton), q.not_before, q.job_name, q.name_not_before
    ) AS reason,
    CASE
        WHEN q.runs THEN coalesce(q.begun, q.submitted_at)
        WHEN NOT q.scheduled AND NOT q.name_runs AND q.position = 1 AND q.job_name IS NOT NULL
        THEN greatest(q.turn_since, q.submitted_at)
        ELSE q.submitted_at
    END AS since,
    CASE WHEN q.runs THEN q.progress END AS progress
FROM (
    SELECT
        j.id,
        j.worker_name,
        j.submitter,
        j.submitted_at,
        j.not_before,
        j.runs,
        j.scheduled,
        bool_or(j.runs) OVER name AS name_runs,
        CASE WHEN NOT j.scheduled THEN
            row_number() OVER (name ORDER BY j.scheduled, j.runs DESC, j.id) - (bool_or(j.runs) OVER name)::int
        END AS position,
        coalesce(g.active, false) AS has_login,
        j.worker_name IN (SELECT p.worker_name FROM worker_pool.paused p) AS paused,
        w.job_name,
        w.turn_since,
        w.not_before AS name_not_before,
        CASE WHEN w.current_job = j.id THEN w.since END AS begun,
        CASE WHEN w.progress_job = j.id THEN w.progress END AS progress
    FROM (
        SELECT
            x.id,
            x.worker_name,
            x.submitter,
            x.submitted_at,
            x.not_before,
            false AS scheduled,
            (x.xmax::text, x.submitter) IN (SELECT r.xid, r.submitter FROM worker_pool.running_transaction r)
            OR (x.id, x.submitter) IN (SELECT a.id, a.submitter FROM worker_pool.begun_autocommit a) AS runs
        FROM worker_pool.queued_job x
        WHERE x.status = 'waiting'
        UNION ALL
        SELECT x.id, x.worker_name, x.submitter, x.submitted_at, x.not_before, true, false
        FROM worker_pool.queued_job x
        WHERE x.status = 'scheduled'
    ) j
    LEFT JOIN worker_pool.worker w ON w.worker_name = j.worker_name
    LEFT JOIN worker_pool.login g ON g.role = j.submitter
    WINDOW name AS (PARTITION BY j.worker_name)
) q
WHERE q.submitter = ANY (ARRAY(SELECT v.role FROM worker_pool.visible_submitter v));

-- One row a name that ever had a job, for those who may see one of its jobs.
CREATE VIEW worker_pool.workers WITH (security_barrier) AS
WITH waiting AS (
    SELECT j.worker_name, count(*) AS jobs, min(j.submitted_at) AS oldest
    FROM (
        SELECT w.worker_name, w.submitted_at FROM worker_pool.queued_job w WHERE w.status = 'waiting'
        UNION ALL
        SELECT s.worker_name, s.submitted_at FROM worker_pool.queued_job s WHERE s.status = 'scheduled'
    ) j
    GROUP BY j.worker_name
),
running AS (
    SELECT r.worker_name, min(r.id) AS id FROM worker_pool.running_job r GROUP BY r.worker_name
)
SELECT
    worker_name,
    CASE
        WHEN r.id IS NOT NULL THEN 'Running'
        WHEN worker_name IN (SELECT p.worker_name FROM worker_pool.paused p) THEN 'Paused'
        WHEN w.job_name IS NOT NULL AND w.pod IS NULL THEN 'Starting'
        WHEN q.jobs IS NULL THEN 'Idle'
        WHEN w.job_name IS NOT NULL THEN 'Running'
        ELSE 'Waiting'
    END AS state,
    coalesce(q.jobs, 0) - (r.id IS NOT NULL)::int AS waiting,
    r.id AS current_job,
    CASE
        WHEN r.id IS NOT NULL THEN CASE WHEN w.current_job = r.id THEN w.since ELSE w.turn_since END
        WHEN w.job_name IS NOT NULL THEN w.turn_since
        ELSE q.oldest
    END AS since,
    w.pod
FROM worker_pool.worker w
FULL JOIN waiting q USING (worker_name)
LEFT JOIN running r USING (worker_name)
WHERE EXISTS (
    SELECT
    FROM worker_pool.queued_job j
    WHERE j.submitter = ANY (ARRAY(SELECT v.role FROM worker_pool.visible_submitter v)) AND j.worker_name = coalesce(w.worker_name, q.worker_name)
)
OR (SELECT pg_catalog.pg_has_role(n.nspowner, 'USAGE') FROM pg_catalog.pg_namespace n WHERE n.nspname = 'worker_pool');
