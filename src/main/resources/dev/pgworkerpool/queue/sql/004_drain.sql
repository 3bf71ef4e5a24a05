-- Running jobs: claim, run, record, commit, next, all in the submitter's own session.

-- The role whose jobs the session's login runs. By session_user, which no job can change.
-- plpgsql, as all that runs for each job: an SQL function that is not inlined is read and planned at each call.
CREATE FUNCTION worker_pool.session_submitter() RETURNS oid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT g.role FROM worker_pool.login g
        WHERE g.login = to_regrole(quote_ident(session_user))::oid AND g.active
    );
END
$$;

-- Locks and returns the head of the worker's queue; nulls when there is none, when the head belongs to another
-- submitter, or when it is not `only_id` (null: any).
--
-- * It looks first and locks only a job of its own: nobody can hold another submitter's head.
-- * FOR UPDATE, never SKIP LOCKED: this lock is the fence that keeps two drainers of one name apart, whatever else
--   fails. A claim that waited for it looks again.
-- * BETWEEN and ORDER BY worker_name, id leave the planner only the partial index; the obvious `worker_name = ?
--   ORDER BY id` walks all finished rows as soon as the statistics were taken during a backlog.
-- * A suspended pool begins no job, not even in a worker that is awake.
-- * Index entries of the jobs before `after_id` are dead; skipping them matters while an old snapshot keeps them.
CREATE FUNCTION worker_pool.claim(
    worker text, after_id bigint, only_id bigint, OUT id bigint, OUT query_text text, OUT search_path text,
    OUT time_zone text, OUT submitter oid
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = 0
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
DECLARE
    me    oid := worker_pool.session_submitter();
    head  record;
BEGIN
    LOOP
        SELECT j.id, j.submitter, j.origin_uid, j.xmax AS locker INTO head
        FROM worker_pool.queued_job j
        WHERE j.worker_name BETWEEN worker AND worker AND j.id > after_id AND j.status = 'waiting'
          AND NOT EXISTS (SELECT FROM worker_pool.pool p WHERE p.singleton AND p.suspended)
        ORDER BY j.worker_name, j.id
        LIMIT 1;

        IF NOT FOUND OR head.submitter IS DISTINCT FROM me OR head.id <> only_id THEN
            RETURN;
        END IF;
        IF head.locker = pg_current_xact_id_if_assigned()::xid THEN
            -- Without this a job that calls drain() runs itself until the stack is full.
            RAISE EXCEPTION 'Job % runs already, in this transaction', head.id USING ERRCODE = 'object_in_use';
        END IF;

        SELECT j.id, j.query_text, j.search_path, j.time_zone, j.submitter
        INTO id, query_text, search_path, time_zone, submitter
        FROM worker_pool.queued_job j
        WHERE j.id = head.id AND j.status = 'waiting'
        FOR UPDATE;
        CONTINUE WHEN NOT FOUND;

        IF head.origin_uid IS NOT NULL AND EXISTS (SELECT FROM worker_pool.cancel_request c WHERE c.id = head.id) THEN
            UPDATE worker_pool.queued_job j SET status = 'cancelled', finished_at = clock_timestamp() WHERE j.id = head.id;
            DELETE FROM worker_pool.cancel_request c WHERE c.id = head.id;
            id := NULL;
            CONTINUE;
        END IF;

        -- Shown as 'pending' from here until the transaction ends (running_transaction).
        RETURN;
    END LOOP;
END
$$;

-- The waiting jobs of the same name, batch and submitter will not run.
CREATE FUNCTION worker_pool.cancel_batch(worker text, batch text, submitter oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE worker_pool.queued_job j
    SET status = 'cancelled', finished_at = clock_timestamp()
    WHERE j.worker_name BETWEEN worker AND worker
      AND j.status = 'waiting'
      AND j.batch = cancel_batch.batch
      AND j.submitter = cancel_batch.submitter;
END
$$;

-- A database in SQL_ASCII holds any bytes; its clients read UTF-8.
-- STRICT: not even called for a job that ends well.
CREATE FUNCTION worker_pool.readable(message text) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE WHEN current_setting('server_encoding') = 'SQL_ASCII'
        THEN regexp_replace(message, '[^\x01-\x7f]', '?', 'g') ELSE message END;
END
$$;

-- Records the outcome of a job of the caller's own that still waits; an error if there is none, so the caller's
-- transaction, with the job's effect, can't commit. What a failure means for the rest of its batch happens in
-- the same transaction. A job can call it, too, with anything: what others read of it has bounds.
CREATE FUNCTION worker_pool.finish(
    job_id bigint, outcome text, begun timestamptz, touched bigint, failure text, failure_state text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    job record;
BEGIN
    IF outcome NOT IN ('done', 'failed') THEN
        RAISE EXCEPTION 'A job ends as done or failed, not as %', outcome USING ERRCODE = 'invalid_parameter_value';
    END IF;

    UPDATE worker_pool.queued_job j
    SET status = outcome,
        attempts = j.attempts + 1,
        started_at = greatest(j.submitted_at, least(begun, clock_timestamp())),
        finished_at = clock_timestamp(),
        row_count = touched,
        error = left(worker_pool.readable(failure), 8000),
        sqlstate = left(failure_state, 5)
    WHERE j.id = job_id AND j.status = 'waiting' AND j.submitter = worker_pool.session_submitter()
    RETURNING j.worker_name, j.batch, j.on_failure, j.submitter, j.origin_uid INTO job;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job % does not wait, or is not yours', job_id USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    IF outcome = 'failed' AND job.on_failure = 'cancel_batch' THEN
        PERFORM worker_pool.cancel_batch(job.worker_name, job.batch, job.submitter);
    END IF;
    IF job.origin_uid IS NOT NULL THEN
        PERFORM pg_notify('worker_pool_job', job.origin_uid::text);
    END IF;
END
$$;

-- What a failed job's `error` holds: the message, then DETAIL and HINT where PostgreSQL gave them.
CREATE FUNCTION worker_pool.failure_text(message text, detail text, hint text, state text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF hint = '' AND state IN ('25001', '2D000') THEN
        -- Refuses a transaction block, or ends the transaction itself.
        hint := 'Queue it with autocommit => true to run it outside a transaction.';
    ELSIF state = '0A000' AND message = 'EXECUTE of SELECT ... INTO is not implemented' THEN
        -- PostgreSQL's own hint is for authors of PL/pgSQL.
        hint := 'Write CREATE TABLE ... AS SELECT ... instead.';
    END IF;
    RETURN concat_ws(E'\n', message, 'DETAIL:  ' || nullif(detail, ''), 'HINT:  ' || nullif(hint, ''));
END
$$;

-- Runs up to `max_jobs` jobs of the worker, and begins none later than `max_ms` after the call. Each job commits with its
-- outcome: all of its effect and its 'done', or nothing and its 'failed'. Returns when the head belongs to another
-- submitter, when nothing waits, or at its bounds.
--
--   after_id  in: all jobs up to here have ended (0: not known); out: the same for the next call
--   report    one line a job: its id, outcome, duration and SQLSTATE
--   failures  how many of them failed
--   more      stopped at a bound: the head may well be the caller's
--
-- Neither SECURITY DEFINER nor a SET clause: both forbid COMMIT. It runs with the submitter's rights and whatever
-- search_path the job before left; hence OPERATOR() and schema names throughout, for types too.
CREATE PROCEDURE worker_pool.drain(
    worker text, max_jobs int, max_ms int, only_id bigint, INOUT after_id bigint, OUT report text[],
    OUT failures int, OUT more boolean
)
LANGUAGE plpgsql AS $$
DECLARE
    deadline  pg_catalog.timestamptz := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => max_ms OPERATOR(pg_catalog./) 1000.0::pg_catalog.float8);
    me        pg_catalog.oid := pg_catalog.to_regrole(pg_catalog.quote_ident(current_user));
    job       pg_catalog.record;
    begun     pg_catalog.timestamptz;
    outcome   pg_catalog.text;
    touched   bigint;
    message   pg_catalog.text;
    detail    pg_catalog.text;
    hint      pg_catalog.text;
    state     pg_catalog.text;
    failure   pg_catalog.text;
BEGIN
    report := '{}';
    failures := 0;
    LOOP
        begun := pg_catalog.clock_timestamp();
        more := pg_catalog.cardinality(report) OPERATOR(pg_catalog.>=) max_jobs OR begun OPERATOR(pg_catalog.>) deadline;
        EXIT WHEN more;

        job := worker_pool.claim(worker, after_id, only_id);
        IF job.id IS NULL AND after_id OPERATOR(pg_catalog.>) 0 THEN
            -- A job with a lower id may have committed late.
            after_id := 0;
            job := worker_pool.claim(worker, after_id, only_id);
        END IF;
        EXIT WHEN job.id IS NULL;
        -- The login may have been given to another role while this session still acts for the one before.
        EXIT WHEN job.submitter OPERATOR(pg_catalog.<>) me;
        PERFORM pg_catalog.set_config('application_name', 'worker_pool job ' OPERATOR(pg_catalog.||) job.id::pg_catalog.text, false);
        state := NULL;
        failure := NULL;

        -- query_canceled and assert_failure are not among OTHERS: without them such a job would be the head for ever.
        -- Deferred constraints and cursors WITH HOLD would run at COMMIT, outside this block: they have their turn here.
        BEGIN
            PERFORM pg_catalog.set_config('search_path', job.search_path, true);
            IF job.time_zone IS NOT NULL THEN
                PERFORM pg_catalog.set_config('TimeZone', job.time_zone, true);
            END IF;
            EXECUTE job.query_text;
            GET DIAGNOSTICS touched = ROW_COUNT;
            SET CONSTRAINTS ALL IMMEDIATE;
            EXECUTE 'CLOSE ALL';
            outcome := 'done';
        EXCEPTION
            WHEN OTHERS OR query_canceled OR assert_failure THEN
                GET STACKED DIAGNOSTICS
                    message = MESSAGE_TEXT,
                    detail = PG_EXCEPTION_DETAIL,
                    hint = PG_EXCEPTION_HINT,
                    state = RETURNED_SQLSTATE;
                failure := worker_pool.failure_text(message, detail, hint, state);
                outcome := 'failed';
                touched := NULL;
        END;

        -- Nothing of this job's session is left for the next one. RESET ALL leaves the role alone.
        EXECUTE 'CLOSE ALL';
        RESET SESSION AUTHORIZATION;
        RESET ROLE;
        RESET ALL;
        EXECUTE 'DEALLOCATE ALL';
        DISCARD TEMP;
        DISCARD SEQUENCES;
        UNLISTEN *;
        PERFORM pg_catalog.pg_advisory_unlock_all();

        PERFORM worker_pool.finish(job.id, outcome, begun, touched, failure, state);
        COMMIT;
        -- A deferred trigger that deferred another one ran just now, behind all of the above.
        RESET SESSION AUTHORIZATION;
        RESET ROLE;
        RESET ALL;

        after_id := job.id;
        IF state IS NOT NULL THEN
            failures := failures OPERATOR(pg_catalog.+) 1;
        END IF;
        report := pg_catalog.array_append(report, pg_catalog.format(
            'job %s %s in %s ms%s',
            job.id,
            outcome,
            pg_catalog.round((pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) begun) OPERATOR(pg_catalog.*) 1000.0::pg_catalog.float8)::pg_catalog.numeric, 1),
            ', SQLSTATE ' OPERATOR(pg_catalog.||) state));
    END LOOP;
END
$$;
