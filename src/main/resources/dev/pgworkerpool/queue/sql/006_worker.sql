-- For the control session of the worker pod, which is logged in as the owner of this schema.

-- The head of the queue, whose it is, and the login that runs it: null if its submitter has none any more.
CREATE FUNCTION worker_pool.head(
    worker text, OUT id bigint, OUT submitter name, OUT login name, OUT autocommit boolean, OUT timeout interval,
    OUT not_before timestamptz
)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
BEGIN
    SELECT j.id, pg_get_userbyid(j.submitter), pg_get_userbyid(g.login), j.autocommit, j.timeout, j.not_before
    INTO head.id, head.submitter, head.login, head.autocommit, head.timeout, head.not_before
    FROM (
        SELECT q.id, q.submitter, q.autocommit, q.timeout, q.not_before
        FROM worker_pool.queued_job q
        WHERE q.worker_name BETWEEN worker AND worker AND q.status = 'waiting'
        ORDER BY q.worker_name, q.id
        LIMIT 1
    ) j
    LEFT JOIN worker_pool.login g ON g.role = j.submitter AND g.active;
END
$$;

-- The head, unless no job may begin now.
CREATE FUNCTION worker_pool.next_job(
    worker text, OUT id bigint, OUT submitter name, OUT login name, OUT autocommit boolean, OUT timeout_ms bigint
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM worker_pool.pool p WHERE p.singleton AND p.suspended)
       AND NOT EXISTS (SELECT FROM worker_pool.paused p WHERE p.worker_name = worker)
    THEN
        SELECT h.id, h.submitter, h.login, h.autocommit, ceil(extract(epoch FROM h.timeout) * 1000)
        INTO id, submitter, login, autocommit, timeout_ms
        FROM worker_pool.head(worker) h
        WHERE h.not_before IS NULL OR h.not_before <= clock_timestamp();
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

-- Is there reason for this one to let others have its slot, which it has held for as long as it may? The name is paused; or more
-- names wait for nothing but a slot than are about to leave theirs to them. What is wanted a moment ago is about to be started; and
-- where no operator is about, nobody starts.
CREATE FUNCTION worker_pool.should_end(worker text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    waiting   bigint;
    yielding  bigint;
BEGIN
    IF EXISTS (SELECT FROM worker_pool.paused p WHERE p.worker_name = worker) THEN
        RETURN true;
    END IF;
    IF NOT EXISTS (SELECT FROM worker_pool.pool p WHERE p.singleton AND p.seen_at > clock_timestamp() - interval '30 s') THEN
        RETURN false;
    END IF;
    waiting := (
        SELECT count(*)
        FROM worker_pool.wanted_name n
        LEFT JOIN worker_pool.worker w ON w.worker_name = n.worker_name
        WHERE n.worker_name <> worker
          AND w.job_name IS NULL
          AND n.since < clock_timestamp() - interval '1 s'
          AND coalesce(greatest(w.not_before, n.not_before) <= clock_timestamp(), true)
          AND (n.submitter IS NULL OR worker_pool.has_login(n.submitter))
          AND n.worker_name NOT IN (SELECT p.worker_name FROM worker_pool.paused p)
    );
    yielding := (
        SELECT count(*) FROM worker_pool.worker w
        WHERE w.worker_name <> worker AND w.job_name IS NOT NULL AND w.yielded_at >= w.turn_since
    );
    IF waiting <= yielding THEN
        RETURN false;
    END IF;
    UPDATE worker_pool.worker w SET yielded_at = clock_timestamp() WHERE w.worker_name = worker;
    RETURN true;
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

CREATE FUNCTION worker_pool.has_word(query text, word text) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN query ~* ('(^|\W)' || regexp_replace(word, '(\W)', '\\\1', 'g') || '($|\W)');

-- Indexes that a statement of this text may have left behind invalid. They cost each write, and nobody uses them.
-- Those of other roles are none of its business, nor those that somebody is building just now, which locks the table so.
CREATE FUNCTION worker_pool.invalid_indexes(query text, submitter oid) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('%I.%I', n.nspname, i.relname), ', ' ORDER BY n.nspname, i.relname)
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = i.relnamespace
    JOIN pg_class t ON t.oid = x.indrelid
    WHERE NOT x.indisvalid
      AND i.relkind = 'i'
      AND pg_has_role(submitter, t.relowner, 'USAGE')
      AND query ~* '\mconcurrently\M'
      AND (worker_pool.has_word(query, t.relname)
           OR worker_pool.has_word(query, regexp_replace(i.relname, '_cc(new|old)[0-9]*$', ''))
           OR query ~* '\m(schema|database)\M')
      AND NOT EXISTS (
          SELECT
          FROM pg_locks l
          JOIN pg_stat_activity a ON a.pid = l.pid AND a.usesysid IS NOT NULL -- not autovacuum
          WHERE l.relation = x.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND a.datname = current_database()
      );
$$;

-- What is said of an autocommit statement that did not end well: `failure`, and what to look for.
CREATE FUNCTION worker_pool.autocommit_failure(job_id bigint, failure text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hint text := (
        SELECT E'\nHINT:  Invalid and to be dropped, or rebuilt with REINDEX INDEX CONCURRENTLY: '
               || left(worker_pool.invalid_indexes(j.query_text, j.submitter), 1000)
        FROM worker_pool.queued_job j WHERE j.id = job_id
    );
BEGIN
    RETURN left(failure, 8000 - coalesce(length(hint), 0)) || coalesce(hint, '');
END
$$;

-- Records that nobody knows what an autocommit job did, and returns what it is now.
CREATE FUNCTION worker_pool.autocommit_lost(job_id bigint, begun timestamptz, what text, reason text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN worker_pool.attempt_failed(
        job_id, begun, worker_pool.autocommit_failure(job_id, worker_pool.unknown_outcome(what, reason)), '08007', true);
END
$$;

-- Does no session run an autocommit job of this name any more? Looks again until then, for five seconds at most.
CREATE FUNCTION worker_pool.await_autocommit(worker text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR look IN 1..25 LOOP
        PERFORM pg_stat_clear_snapshot();
        IF NOT EXISTS (SELECT FROM worker_pool.running_autocommit a WHERE a.worker_name = worker) THEN
            RETURN true;
        END IF;
        PERFORM pg_sleep(0.2);
    END LOOP;
    RETURN false;
END
$$;

-- No job of this name has begun without having ended.
CREATE FUNCTION worker_pool.forget_begun(worker text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE worker_pool.worker x
    SET current_job = NULL, since = NULL, autocommit_pid = NULL, interruption_reason = NULL
    WHERE x.worker_name = worker;
$$;

-- The next worker counts the interruption; the reason is known now only.
CREATE FUNCTION worker_pool.leave_count(worker text, reason text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE worker_pool.worker x SET interruption_reason = coalesce(x.interruption_reason, reason)
    WHERE x.worker_name = worker;
$$;

-- Counts an attempt that ended without an outcome: its session was lost, or the pod, or the server. It left no effect
-- and the job waits at its place; the fifth time in a row ends it, so that a job that kills its worker blocks nobody
-- for ever. What ran outside a transaction may have left anything: it has failed. Only with evidence (current_job) that the head was
-- begun, and once for each.
-- `wait`: an attempt whose session still runs holds the row; wait for its end, or leave the count.
CREATE FUNCTION worker_pool.count_interruption(worker text, reason text, wait boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    begun   bigint := (SELECT x.current_job FROM worker_pool.worker x WHERE x.worker_name = worker);
    w       worker_pool.worker;
    job     worker_pool.queued_job;
    so_far  int;
    status  text := 'waiting';
BEGIN
    IF begun IS NULL THEN
        RETURN;
    END IF;

    -- The job first: the worker's row is wanted by the operator, which must not wait for somebody's statement.
    IF wait THEN
        SELECT * INTO job FROM worker_pool.queued_job j WHERE j.id = begun AND j.status = 'waiting' FOR UPDATE;
    ELSE
        SELECT * INTO job FROM worker_pool.queued_job j WHERE j.id = begun AND j.status = 'waiting' FOR UPDATE SKIP LOCKED;
        IF (NOT FOUND AND EXISTS (SELECT FROM worker_pool.queued_job j WHERE j.id = begun AND j.status = 'waiting'))
           OR EXISTS (SELECT FROM worker_pool.running_autocommit a WHERE a.id = begun)
        THEN
            PERFORM worker_pool.leave_count(worker, reason);
            RETURN;
        END IF;
    END IF;

    SELECT * INTO w FROM worker_pool.worker x WHERE x.worker_name = worker;
    so_far := 1 + CASE
        WHEN w.interrupted_job = job.id AND (job.finished_at >= job.started_at) IS NOT TRUE THEN w.interruptions ELSE 0
    END;
    IF (w.autocommit_pid IS NOT NULL OR so_far >= 5)
       AND NOT pg_try_advisory_xact_lock(worker_pool.outcome_key(job.id))
    THEN
        IF NOT wait THEN
            PERFORM worker_pool.leave_count(worker, reason);
            RETURN;
        END IF;
        PERFORM worker_pool.await_cancel(job.id);
    END IF;

    SELECT * INTO w FROM worker_pool.worker x WHERE x.worker_name = worker FOR UPDATE;
    IF w.current_job IS DISTINCT FROM begun THEN
        RETURN;
    END IF;
    PERFORM worker_pool.forget_begun(worker);
    IF job.id IS NULL OR job.finished_at >= w.since THEN
        -- That attempt has ended, and the job waits for another one.
        RETURN;
    END IF;

    reason := coalesce(w.interruption_reason, reason, 'the worker ended without a word');
    IF w.autocommit_pid IS NOT NULL THEN
        status := worker_pool.autocommit_lost(job.id, w.since, 'interrupted', reason);
    ELSIF so_far >= 5 THEN
        status := worker_pool.attempt_failed(job.id, w.since, format('interrupted 5 times: %s', reason), NULL, true);
    ELSE
        UPDATE worker_pool.queued_job j
        SET attempts = j.attempts + 1, started_at = coalesce(w.since, clock_timestamp())
        WHERE j.id = job.id;
        IF job.origin_uid IS NOT NULL THEN
            PERFORM pg_notify('worker_pool_job', job.origin_uid::text);
        END IF;
    END IF;
    UPDATE worker_pool.worker x
    SET interrupted_job = job.id, interruptions = so_far, jobs_failed = x.jobs_failed + (status = 'failed')::int
    WHERE x.worker_name = worker;
END
$$;

CREATE FUNCTION worker_pool.unknown_outcome(what text, reason text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN concat_ws(E'\nDETAIL:  ', what || ': the outcome of this autocommit statement is unknown', reason);

-- Commits the evidence that this job begins, before it does. False: don't. It has just ended (its fifth interruption, or it
-- was cancelled), or the session of its last attempt still holds it, for which the caller would wait too long.
--
--   backend  the session that will run it outside a transaction; null: it runs in one
CREATE FUNCTION worker_pool.begin_job(worker text, job_id bigint, backend int DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    IF NOT worker_pool.await_autocommit(worker) THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM worker_pool.cancel_request c WHERE c.id = job_id) THEN
        PERFORM FROM worker_pool.queued_job j WHERE j.id = job_id FOR UPDATE;
        PERFORM worker_pool.settle_cancelled(job_id);
    END IF;
    PERFORM worker_pool.count_interruption(worker, NULL, true);

    -- Between a cancel and the beginning of what can't be rolled back, one is first (cancel_waiting). And of two workers, where a
    -- stranger keeps them from telling that they are two. And the time of a timeout does not pass behind a cancel that is in flight.
    PERFORM FROM worker_pool.queued_job j WHERE j.id = job_id FOR UPDATE;
    IF backend IS NOT NULL THEN
        PERFORM pg_stat_clear_snapshot();
        IF EXISTS (SELECT FROM worker_pool.running_autocommit a WHERE a.worker_name = worker) THEN
            RETURN false;
        END IF;
    END IF;
    PERFORM FROM worker_pool.queued_job j
    WHERE j.id = job_id AND j.status = 'waiting'
      AND NOT EXISTS (SELECT FROM worker_pool.cancel_request c WHERE c.id = job_id)
      AND NOT EXISTS (SELECT FROM worker_pool.pool p WHERE p.singleton AND p.suspended)
      AND NOT EXISTS (SELECT FROM worker_pool.paused p WHERE p.worker_name = worker);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE worker_pool.worker w
    SET current_job = job_id,
        since = clock_timestamp(),
        autocommit_pid = backend,
        autocommit_login = (SELECT a.usesysid FROM pg_stat_activity a WHERE a.pid = backend),
        server_started = pg_postmaster_start_time(),
        interruption_reason = NULL,
        progress = NULL,
        progress_job = NULL
    WHERE w.worker_name = worker;
    IF backend IS NOT NULL THEN
        PERFORM pg_notify('worker_pool_job', j.origin_uid::text)
        FROM worker_pool.queued_job j WHERE j.id = job_id AND j.origin_uid IS NOT NULL;
    END IF;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;

-- What to send for an autocommit job, and what it meant to its submitter's session.
CREATE FUNCTION worker_pool.autocommit_job(
    job_id bigint, OUT query_text text, OUT search_path text, OUT time_zone text
)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT j.query_text, j.search_path, j.time_zone FROM worker_pool.queued_job j WHERE j.id = job_id;
$$;

-- Records how an attempt ended whose session could not: it ran outside a transaction, an error struck behind its own block, or its session
-- was ended. What is done is done, whoever wanted it cancelled. Returns what the job is now; null: somebody's transaction holds it up, ask again.
--
--   touched  rows, of one that is done; null as well where PostgreSQL doesn't say
--   failure  null: it is done
--   unknown  nobody knows what it did, so it does not begin again
CREATE FUNCTION worker_pool.end_attempt(
    worker text, job_id bigint, touched bigint, failure text, failure_state text, unknown boolean
) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    begun       timestamptz := (SELECT w.since FROM worker_pool.worker w WHERE w.worker_name = worker);
    autocommit  boolean := (SELECT w.autocommit_pid IS NOT NULL FROM worker_pool.worker w WHERE w.worker_name = worker);
    job         worker_pool.queued_job;
BEGIN
    -- What was sent to a session that was lost may still be at work there: nothing of this name begins before that is over.
    IF autocommit AND unknown AND NOT worker_pool.await_autocommit(worker) THEN
        RETURN NULL;
    END IF;
    IF NOT pg_try_advisory_xact_lock(worker_pool.outcome_key(job_id)) THEN
        PERFORM worker_pool.await_cancel(job_id);
    END IF;
    SELECT * INTO job FROM worker_pool.queued_job j WHERE j.id = job_id FOR UPDATE;
    IF job.finished_at >= begun THEN
        -- It had ended by itself just before, and may wait for another attempt.
        NULL;
    ELSIF job.status = 'waiting' AND failure IS NULL THEN
        UPDATE worker_pool.queued_job j
        SET status = 'done', attempts = j.attempts + 1, started_at = begun, finished_at = clock_timestamp(), row_count = touched
        WHERE j.id = job_id
        RETURNING * INTO job;
        DELETE FROM worker_pool.cancel_request c WHERE c.id = job_id;
        IF job.origin_uid IS NOT NULL THEN
            PERFORM pg_notify('worker_pool_job', job.origin_uid::text);
        END IF;
    ELSIF job.status = 'waiting' THEN
        IF autocommit THEN
            failure := worker_pool.autocommit_failure(job_id, failure);
        END IF;
        job.status := worker_pool.attempt_failed(job_id, begun, failure, failure_state, unknown);
    END IF;
    PERFORM worker_pool.forget_begun(worker);
    RETURN job.status;
EXCEPTION WHEN lock_not_available THEN
    RETURN NULL;
END
$$;

-- The same evidence for a job that turned out to be long, found by the row lock of the session that runs it. Returns its id; null
-- when the session runs none any more.
--
-- It is the first one that waits, or one of the next few if others came late: the index of the name is read until it is there; to
-- its end when none runs.
CREATE FUNCTION worker_pool.note_running(worker text, backend int, elapsed_ms int) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
DECLARE
    running    text;
    submitters oid[];
    job        record;
BEGIN
    SELECT j.id, j.origin_uid, j.finished_at INTO job
    FROM worker_pool.running_autocommit a
    JOIN worker_pool.queued_job j ON j.id = a.id
    WHERE a.worker_name = worker AND a.pid = backend;
    IF NOT FOUND THEN
        -- Its login may have been another role's before.
        SELECT min(r.xid), array_agg(r.submitter) INTO running, submitters
        FROM worker_pool.running_transaction r
        WHERE r.pid = backend;
        IF running IS NULL THEN
            RETURN NULL;
        END IF;
        SELECT j.id, j.origin_uid, j.finished_at INTO job
        FROM worker_pool.queued_job j
        WHERE j.worker_name BETWEEN worker AND worker
          AND j.status = 'waiting'
          AND j.xmax::text = running
          AND j.submitter = ANY (submitters)
        ORDER BY j.worker_name, j.id
        LIMIT 1;
    END IF;
    -- Behind the end of the attempt before, whose evidence may still be there.
    UPDATE worker_pool.worker w
    SET current_job = job.id,
        since = greatest(clock_timestamp() - interval '1 ms' * elapsed_ms, job.finished_at + interval '1 us'),
        progress = NULL,
        progress_job = NULL
    WHERE w.worker_name = worker AND job.id IS NOT NULL AND (w.current_job IS DISTINCT FROM job.id OR job.finished_at >= w.since);
    IF job.origin_uid IS NOT NULL THEN
        PERFORM pg_notify('worker_pool_job', job.origin_uid::text);
    END IF;
    RETURN job.id;
END
$$;

-- Is this job, which runs, to be cancelled?
CREATE FUNCTION worker_pool.cancel_wanted(job_id bigint) RETURNS boolean
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM worker_pool.cancel_request c WHERE c.id = job_id);
$$;

-- How far the statement is that this session runs, where PostgreSQL reports it; null where it doesn't. Only a session of the same
-- role sees that, so the worker asks for it in one and leaves the answer here (set_progress).
CREATE FUNCTION worker_pool.progress_of(backend int) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT concat_ws(', ', lower(p.command) || ': ' || p.phase, round(100.0 * p.done / nullif(p.total, 0)) || ' %')
    FROM (
        SELECT command, phase,
               CASE WHEN tuples_total > 0 THEN tuples_done WHEN blocks_total > 0 THEN blocks_done ELSE lockers_done END AS done,
               CASE WHEN tuples_total > 0 THEN tuples_total WHEN blocks_total > 0 THEN blocks_total ELSE lockers_total END AS total
        FROM pg_stat_progress_create_index WHERE pid = backend
        UNION ALL
        SELECT 'vacuum', phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_vacuum WHERE pid = backend
        UNION ALL
        SELECT 'analyze', phase, sample_blks_scanned, sample_blks_total FROM pg_stat_progress_analyze WHERE pid = backend
        UNION ALL
        SELECT command, phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_cluster WHERE pid = backend
        UNION ALL
        SELECT command, tuples_processed || ' rows', bytes_processed, bytes_total FROM pg_stat_progress_copy WHERE pid = backend
    ) p
    LIMIT 1;
$$;

CREATE FUNCTION worker_pool.set_progress(worker text, job_id bigint, how_far text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE worker_pool.worker w SET progress = how_far, progress_job = job_id
    WHERE w.worker_name = worker AND (w.progress, w.progress_job) IS DISTINCT FROM (how_far, job_id);
$$;

-- A session of this login was lost under the worker's eyes: with the job that is known to have begun, else with the head, if that would
-- have run in it.
CREATE FUNCTION worker_pool.interrupted(worker text, login text, reason text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE worker_pool.worker w
    SET current_job = h.id, since = NULL
    FROM worker_pool.head(worker) h
    WHERE w.worker_name = worker
      AND h.login = interrupted.login
      AND NOT EXISTS (
          SELECT FROM worker_pool.queued_job j
          WHERE j.id = w.current_job AND j.status = 'waiting' AND (j.finished_at >= w.since) IS NOT TRUE
      );
    PERFORM worker_pool.count_interruption(worker, reason, false);
END
$$;

-- Adds to what this name has done; for metrics.
CREATE FUNCTION worker_pool.add_outcomes(worker text, more_done int, more_failed int) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE worker_pool.worker w
    SET jobs_done = w.jobs_done + more_done, jobs_failed = w.jobs_failed + more_failed
    WHERE w.worker_name = worker;
$$;
