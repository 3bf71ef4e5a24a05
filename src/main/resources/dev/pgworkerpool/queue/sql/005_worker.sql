-- For the control session of the worker pod, which is logged in as the owner of this schema.

-- The head of the queue, whose it is, and the login that runs it: null if its submitter has none any more.
CREATE FUNCTION worker_pool.head(worker text, OUT id bigint, OUT submitter name, OUT login name)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
BEGIN
    SELECT j.id, pg_get_userbyid(j.submitter), pg_get_userbyid(g.login) INTO head.id, head.submitter, head.login
    FROM (
        SELECT q.id, q.submitter
        FROM worker_pool.queued_job q
        WHERE q.worker_name BETWEEN worker AND worker AND q.status = 'waiting'
        ORDER BY q.worker_name, q.id
        LIMIT 1
    ) j
    LEFT JOIN worker_pool.login g ON g.role = j.submitter AND g.active;
END
$$;

-- The head, unless no job may begin now.
CREATE FUNCTION worker_pool.next_job(worker text, OUT id bigint, OUT submitter name, OUT login name)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM worker_pool.pool p WHERE p.singleton AND p.suspended) THEN
        SELECT h.id, h.submitter, h.login INTO id, submitter, login FROM worker_pool.head(worker) h;
    END IF;
END
$$;

-- A worker pod is up: it takes over whatever was to be launched.
CREATE FUNCTION worker_pool.worker_up(worker text, pod_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO worker_pool.worker (worker_name, pod) VALUES (worker, pod_name)
    ON CONFLICT (worker_name) DO UPDATE SET pod = excluded.pod;
    DELETE FROM worker_pool.launch_request l WHERE l.worker_name = worker;
END
$$;

-- Is there reason to go on? Looked at behind the barrier, before a worker ends.
CREATE FUNCTION worker_pool.wanted(worker text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM worker_pool.launch_request l WHERE l.worker_name = worker;
    RETURN FOUND OR (SELECT n.id IS NOT NULL FROM worker_pool.next_job(worker) n);
END
$$;

-- Does another worker's control session hold K1? Sessions of other roles that hold it are no workers.
CREATE FUNCTION worker_pool.awake_elsewhere(worker text) RETURNS boolean
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT
        FROM pg_locks l
        JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory'
          AND l.objsubid = 1
          AND l.mode = 'ExclusiveLock'
          AND l.granted
          AND ((l.classid::bigint << 32) | l.objid::bigint) = worker_pool.awake_key(worker)
          AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = pg_catalog.current_database())
          AND l.pid <> pg_backend_pid()
          AND a.usename = current_user
    );
$$;

-- Counts an attempt that ended without an outcome: its session was lost, or the pod, or the server. It left no effect
-- and the job waits at its place; the fifth time in a row ends it, so that a job that kills its worker blocks nobody
-- for ever. Only with evidence (current_job) that the head was begun, and once for each.
-- `wait`: an attempt whose session still runs holds the row; wait for its end, or leave the count to the next worker.
CREATE FUNCTION worker_pool.count_interruption(worker text, reason text, wait boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    begun   bigint := (SELECT x.current_job FROM worker_pool.worker x WHERE x.worker_name = worker);
    w       worker_pool.worker;
    job     worker_pool.queued_job;
    so_far  int;
BEGIN
    IF begun IS NULL THEN
        RETURN;
    END IF;

    -- The job first: the worker's row is wanted by the operator, which must not wait for somebody's statement.
    IF wait THEN
        SELECT * INTO job FROM worker_pool.queued_job j WHERE j.id = begun AND j.status = 'waiting' FOR UPDATE;
    ELSE
        SELECT * INTO job FROM worker_pool.queued_job j WHERE j.id = begun AND j.status = 'waiting' FOR UPDATE SKIP LOCKED;
        IF NOT FOUND AND EXISTS (SELECT FROM worker_pool.queued_job j WHERE j.id = begun AND j.status = 'waiting') THEN
            UPDATE worker_pool.worker x SET interruption_reason = coalesce(x.interruption_reason, reason)
            WHERE x.worker_name = worker;
            RETURN;
        END IF;
    END IF;

    SELECT * INTO w FROM worker_pool.worker x WHERE x.worker_name = worker FOR UPDATE;
    IF w.current_job IS DISTINCT FROM begun THEN
        RETURN;
    END IF;
    IF job.id IS NULL THEN
        UPDATE worker_pool.worker x
        SET current_job = NULL, since = NULL, interruption_reason = NULL
        WHERE x.worker_name = worker;
        RETURN;
    END IF;

    so_far := 1 + CASE WHEN w.interrupted_job = job.id THEN w.interruptions ELSE 0 END;
    UPDATE worker_pool.worker x
    SET current_job = NULL,
        since = NULL,
        interruption_reason = NULL,
        interrupted_job = job.id,
        interruptions = so_far,
        failed = x.failed + CASE WHEN so_far >= 5 THEN 1 ELSE 0 END
    WHERE x.worker_name = worker;

    UPDATE worker_pool.queued_job j
    SET attempts = j.attempts + 1,
        started_at = coalesce(w.since, j.started_at),
        status = CASE WHEN so_far >= 5 THEN 'failed' ELSE 'waiting' END,
        finished_at = CASE WHEN so_far >= 5 THEN clock_timestamp() END,
        error = CASE WHEN so_far >= 5 THEN format(
            'interrupted 5 times: %s', coalesce(w.interruption_reason, reason, 'the worker ended without a word')) END
    WHERE j.id = job.id;
    IF so_far >= 5 AND job.on_failure = 'cancel_batch' THEN
        PERFORM worker_pool.cancel_batch(job.worker_name, job.batch, job.submitter);
    END IF;
    IF job.origin_uid IS NOT NULL THEN
        PERFORM pg_notify('worker_pool_job', job.origin_uid::text);
    END IF;
END
$$;

-- Commits the evidence that this job begins, before it does. False: don't. It has just ended (its fifth interruption), or
-- the session of its last attempt still holds it, for which the caller would wait too long.
CREATE FUNCTION worker_pool.begin_job(worker text, job_id bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
BEGIN
    PERFORM worker_pool.count_interruption(worker, NULL, true);
    PERFORM FROM worker_pool.queued_job j WHERE j.id = job_id AND j.status = 'waiting';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE worker_pool.worker w
    SET current_job = job_id, since = clock_timestamp(), interruption_reason = NULL
    WHERE w.worker_name = worker;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;

-- It did not begin after all.
CREATE FUNCTION worker_pool.not_begun(worker text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE worker_pool.worker w SET current_job = NULL, since = NULL WHERE w.worker_name = worker;
$$;

-- The same evidence for a job that turned out to be long, found by the row lock of the session that runs it.
CREATE FUNCTION worker_pool.note_running(worker text, backend int, elapsed_ms int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    job record;
BEGIN
    SELECT j.id, j.origin_uid INTO job
    FROM worker_pool.running_transaction r
    JOIN worker_pool.queued_job j
      ON j.worker_name = worker AND j.status = 'waiting' AND j.xmax::text = r.xid AND j.submitter = r.submitter
    WHERE r.pid = backend;
    IF FOUND THEN
        UPDATE worker_pool.worker w
        SET current_job = job.id, since = clock_timestamp() - interval '1 ms' * elapsed_ms
        WHERE w.worker_name = worker AND w.current_job IS DISTINCT FROM job.id;
        IF job.origin_uid IS NOT NULL THEN
            PERFORM pg_notify('worker_pool_job', job.origin_uid::text);
        END IF;
    END IF;
END
$$;

-- The session that ran the head was lost under the worker's eyes.
CREATE FUNCTION worker_pool.interrupted(worker text, reason text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE worker_pool.worker w
    SET current_job = h.id, since = NULL
    FROM worker_pool.head(worker) h
    WHERE w.worker_name = worker AND w.current_job IS DISTINCT FROM h.id;
    PERFORM worker_pool.count_interruption(worker, reason, false);
END
$$;

-- Adds to what this name has done; for metrics.
CREATE FUNCTION worker_pool.add_outcomes(worker text, more_done int, more_failed int) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE worker_pool.worker w
    SET done = w.done + more_done, failed = w.failed + more_failed
    WHERE w.worker_name = worker;
$$;
