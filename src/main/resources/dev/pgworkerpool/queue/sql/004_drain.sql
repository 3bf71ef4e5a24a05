-- Running jobs: claim, run, record, commit, next, all in the submitter's own session.

-- Locks and returns the head of the worker's queue; nulls when there is none, when the head belongs to another
-- submitter, when it is not `only_id` (null: any), or when it does not run now or not in this way: while it waits for
-- another attempt, outside a transaction (autocommit), and with a timeout unless it is asked for by its id, since the time limit
-- of a session counts from the beginning of the call.
--
-- * It looks first and locks only a job of its own: nobody can hold another submitter's head.
-- * Who finds the row locked waits for it: this lock is the fence that keeps two drainers of one name apart, whatever
--   else fails. And a claim that waited looks at everything again.
-- * BETWEEN and ORDER BY worker_name, id leave the planner only the partial index; the obvious `worker_name = ?
--   ORDER BY id` walks all finished rows as soon as the statistics were taken during a backlog.
-- * A suspended pool and a paused name begin no job, not even in a worker that is awake. One that is to be cancelled can end there.
-- * Index entries of the jobs before `after_id` are dead; skipping them matters while an old snapshot keeps them.
-- * Its `token` is what finish() asks for. It is good in this transaction only, and the job, which runs in the same one, can't learn it.
CREATE FUNCTION worker_pool.claim(
    worker text, after_id bigint, only_id bigint, OUT id bigint, OUT query_text text, OUT search_path text,
    OUT time_zone text, OUT submitter oid, OUT timeout interval, OUT token bigint
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = 0
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
DECLARE
    head        record;
    waited_for  bigint;
BEGIN
    LOOP
        SELECT j.id, j.submitter, j.autocommit, j.timeout, j.not_before, j.xmax AS locker,
               (SELECT l.role FROM worker_pool.session_login l) AS me
        INTO head
        FROM worker_pool.queued_job j
        WHERE j.worker_name BETWEEN worker AND worker AND j.id > after_id AND j.status = 'waiting'
          AND (
              NOT EXISTS (SELECT FROM worker_pool.pool p WHERE p.singleton AND p.suspended)
              AND NOT EXISTS (SELECT FROM worker_pool.paused p WHERE p.worker_name = worker)
              OR EXISTS (SELECT FROM worker_pool.cancel_request c WHERE c.id = only_id)
          )
        ORDER BY j.worker_name, j.id
        LIMIT 1;

        IF NOT FOUND OR head.submitter IS DISTINCT FROM head.me OR head.id <> only_id
           OR head.autocommit OR (head.timeout IS NOT NULL AND only_id IS NULL) OR head.not_before > clock_timestamp()
        THEN
            RETURN;
        END IF;
        IF head.locker = pg_current_xact_id_if_assigned()::xid AND head.id IS DISTINCT FROM waited_for THEN
            -- Without this a job that calls drain() runs itself until the stack is full.
            RAISE EXCEPTION 'Job % runs already, in this transaction', head.id USING ERRCODE = 'object_in_use';
        END IF;

        SELECT j.id, j.query_text, j.search_path, j.time_zone, j.submitter, j.timeout,
               worker_pool.claim_token(j.id, s.salt)
        INTO id, query_text, search_path, time_zone, submitter, timeout, token
        FROM worker_pool.queued_job j, worker_pool.secret s
        WHERE j.id = head.id AND j.status = 'waiting' AND j.not_before IS NOT DISTINCT FROM head.not_before AND s.singleton
        FOR UPDATE OF j SKIP LOCKED;

        -- Shown as 'pending' from here until the transaction ends (running_transaction).
        EXIT WHEN FOUND;

        PERFORM FROM worker_pool.queued_job j WHERE j.id = head.id FOR UPDATE;
        waited_for := head.id;
    END LOOP;
END
$$;

-- The first jobs of the queue, as far as they are the caller's own and there is nothing special about them: no timeout, not outside a
-- transaction, no attempt before. What comes of a look at many is used for many: claim_ordinary.
CREATE FUNCTION worker_pool.heads(worker text, after_id bigint, at_most int) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
DECLARE
    ids  bigint[] := '{}';
    job  record;
BEGIN
    FOR job IN
        SELECT j.id,
               j.submitter IS DISTINCT FROM (SELECT l.role FROM worker_pool.session_login l)
               OR j.autocommit OR j.timeout IS NOT NULL OR j.not_before IS NOT NULL AS special
        FROM worker_pool.queued_job j
        WHERE j.worker_name BETWEEN worker AND worker AND j.id > after_id AND j.status = 'waiting'
        ORDER BY j.worker_name, j.id
        LIMIT at_most
    LOOP
        EXIT WHEN job.special;
        ids := ids || job.id;
    END LOOP;
    RETURN ids;
END
$$;

-- claim() for one of heads(), all jobs before which had ended at that look: a single row by its key. Nulls if anything is not
-- as it was or as it usually is; then claim() knows.
--
-- `me` is the role that the session acts for. Without a SET clause for search_path, which would be a tenth of its time; hence OPERATOR()
-- and schema names throughout, for types too. Its plan may have been made while the table was a single page: by index all the same.
CREATE FUNCTION worker_pool.claim_ordinary(
    job_id bigint, me oid, OUT id bigint, OUT query_text text, OUT search_path text,
    OUT time_zone text, OUT submitter oid, OUT timeout interval, OUT token bigint
)
LANGUAGE plpgsql SECURITY DEFINER
SET enable_seqscan = off
AS $$
BEGIN
    SELECT j.id, j.query_text, j.search_path, j.time_zone, j.submitter, worker_pool.claim_token(j.id, s.salt)
    INTO id, query_text, search_path, time_zone, submitter, token
    FROM worker_pool.queued_job j, worker_pool.login g, worker_pool.secret s
    WHERE j.id OPERATOR(pg_catalog.=) job_id
      AND j.status OPERATOR(pg_catalog.=) 'waiting'
      AND j.timeout IS NULL AND NOT j.autocommit AND j.not_before IS NULL
      AND (j.xmax OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.xid) IS NOT TRUE
      AND j.submitter OPERATOR(pg_catalog.=) me
      AND g.role OPERATOR(pg_catalog.=) me AND g.active
      AND g.login OPERATOR(pg_catalog.=) pg_catalog.to_regrole(pg_catalog.quote_ident(session_user))
      AND NOT EXISTS (SELECT FROM worker_pool.pool p WHERE p.singleton AND p.suspended)
      AND NOT EXISTS (SELECT FROM worker_pool.paused p WHERE p.worker_name OPERATOR(pg_catalog.=) j.worker_name)
      AND s.singleton
    FOR UPDATE OF j SKIP LOCKED;
END
$$;

-- The waiting jobs of the same name, batch and submitter will not run. One that runs outside a transaction does: who calls finish() by
-- hand must not hide it.
CREATE FUNCTION worker_pool.cancel_batch(worker text, batch text, submitter oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE worker_pool.queued_job j
    SET status = 'cancelled', finished_at = clock_timestamp()
    WHERE j.worker_name BETWEEN worker AND worker
      AND j.status = 'waiting'
      AND j.batch = cancel_batch.batch
      AND j.submitter = cancel_batch.submitter
      AND j.id NOT IN (SELECT a.id FROM worker_pool.running_autocommit a);

    UPDATE worker_pool.queued_job j
    SET status = 'cancelled', finished_at = clock_timestamp()
    WHERE j.status = 'scheduled'
      AND j.worker_name = worker
      AND j.batch = cancel_batch.batch
      AND j.submitter = cancel_batch.submitter;
END
$$;

-- What it means for others that this job has failed.
CREATE FUNCTION worker_pool.job_failed(job worker_pool.queued_job) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF job.on_failure = 'cancel_batch' THEN
        PERFORM worker_pool.cancel_batch(job.worker_name, job.batch, job.submitter);
    ELSIF job.on_failure = 'pause' THEN
        INSERT INTO worker_pool.paused (worker_name, failed_job) VALUES (job.worker_name, job.id);
    END IF;
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

-- A cancel of this job is in flight: somebody has the lock of its outcome. Waits for the end of that transaction: its request is a
-- row with the job's id, and a second one can't be inserted before the first is decided. As long as the caller's lock_timeout lets it.
CREATE FUNCTION worker_pool.await_cancel(job_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO worker_pool.cancel_request (id) VALUES (job_id) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        DELETE FROM worker_pool.cancel_request c WHERE c.id = job_id;
    END IF;
END
$$;

-- An attempt of a job ended without success. The caller has locked its row, which waits. Returns what the job is now: 'waiting' if
-- there will be another attempt, else 'cancelled' or 'failed'. What a failure means for others happens in the same transaction.
-- It leaves the worker's row alone: who claims and ends a job by hand may go on for as long as he likes.
--
--   final  no other attempt, however many it may have
CREATE FUNCTION worker_pool.attempt_failed(
    job_id bigint, begun timestamptz, failure text, failure_state text, final boolean
) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    job worker_pool.queued_job;
BEGIN
    UPDATE worker_pool.queued_job j
    SET status = CASE
            WHEN EXISTS (SELECT FROM worker_pool.cancel_request c WHERE c.id = job_id) THEN 'cancelled'
            WHEN final OR j.failed_attempts + 1 >= j.max_attempts THEN 'failed'
            ELSE 'waiting'
        END,
        attempts = j.attempts + 1,
        failed_attempts = j.failed_attempts + 1,
        not_before = clock_timestamp() + make_interval(
            secs => least(extract(epoch FROM j.retry_delay) * (2 ^ least(j.failed_attempts, 20)), 3600)::float8),
        started_at = greatest(j.submitted_at, least(begun, clock_timestamp())),
        finished_at = clock_timestamp(),
        row_count = NULL,
        error = left(worker_pool.readable(failure), 8000),
        sqlstate = left(failure_state, 5)
    WHERE j.id = job_id
    RETURNING * INTO job;

    IF job.status = 'cancelled' THEN
        DELETE FROM worker_pool.cancel_request c WHERE c.id = job_id;
    ELSIF job.status = 'failed' THEN
        PERFORM worker_pool.job_failed(job);
    END IF;
    IF job.origin_uid IS NOT NULL THEN
        PERFORM pg_notify('worker_pool_job', job.origin_uid::text);
    END IF;
    RETURN job.status;
END
$$;

-- See finish(), which calls it for all but the usual.
CREATE FUNCTION worker_pool.finish_otherwise(
    job_id bigint, token bigint, outcome text, begun timestamptz, touched bigint, failure text, failure_state text
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- The row is the caller's own, unless it has gone back to a savepoint behind its claim: its lock of the outcome must not hold up others.
SET lock_timeout = '100 ms'
AS $$
DECLARE
    claimed  boolean;
    key      bigint;
    uid      uuid;
BEGIN
    -- Whoever finds out the salt of the tokens has got no further than to his own jobs.
    SELECT token = worker_pool.claim_token(job_id, s.salt) AND EXISTS (
               SELECT
               FROM worker_pool.queued_job j
               JOIN worker_pool.login g ON g.role = j.submitter
               WHERE j.id = job_id AND g.login = to_regrole(quote_ident(session_user))
           ),
           worker_pool.outcome_key(job_id, s.seed)
    INTO claimed, key
    FROM worker_pool.secret s
    WHERE s.singleton;
    IF claimed IS NOT TRUE THEN
        RAISE EXCEPTION 'Job % was not claimed in this transaction', job_id USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF outcome NOT IN ('done', 'failed') THEN
        RAISE EXCEPTION 'A job ends as done or failed, not as %', outcome USING ERRCODE = 'invalid_parameter_value';
    ELSIF NOT pg_try_advisory_xact_lock(key) THEN
        PERFORM set_config('lock_timeout', '0', true);
        PERFORM worker_pool.await_cancel(job_id);
    END IF;

    IF outcome = 'done' THEN
        UPDATE worker_pool.queued_job j
        SET status = 'done',
            attempts = j.attempts + 1,
            started_at = greatest(j.submitted_at, least(begun, clock_timestamp())),
            finished_at = clock_timestamp(),
            row_count = touched
        WHERE j.id = job_id AND j.status = 'waiting'
          AND NOT EXISTS (SELECT FROM worker_pool.cancel_request c WHERE c.id = job_id)
        RETURNING j.origin_uid INTO uid;
        IF FOUND THEN
            IF uid IS NOT NULL THEN
                PERFORM pg_notify('worker_pool_job', uid::text);
            END IF;
            RETURN 'done';
        END IF;
    END IF;

    PERFORM FROM worker_pool.queued_job j WHERE j.id = job_id AND j.status = 'waiting' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job % does not wait', job_id USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF outcome = 'done' THEN
        RETURN 'cancelled';
    END IF;
    PERFORM set_config('lock_timeout', '0', true); -- what its failure means for others may take until they are done
    RETURN worker_pool.attempt_failed(job_id, begun, failure, failure_state, false);
END
$$;

-- Records the outcome of a job that the caller has claimed in this transaction, and returns what the job is now: 'done', 'failed',
-- 'cancelled', or 'waiting' for another attempt. Nothing is recorded of one that is done and was cancelled: the caller rolls its effect
-- back, and comes again. Who claims by hand can say anything: what others read of it has bounds.
--
-- The token keeps the job itself from calling it: a job that touched its own row from within would go on unseen and for ever.
--
-- Either this or a cancel wins: one that was committed before is seen here, one in flight is waited for, and one that
-- comes later waits for the end of this transaction.
--
-- What is done, was claimed at the top of this transaction and was not cancelled has its end here, in the manner of claim_ordinary().
CREATE FUNCTION worker_pool.finish(
    job_id bigint, token bigint, outcome text, begun timestamptz, touched bigint, failure text, failure_state text
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET enable_seqscan = off
AS $$
DECLARE
    key  pg_catalog.int8;
    uid  pg_catalog.uuid;
BEGIN
    IF outcome OPERATOR(pg_catalog.=) 'done' THEN
        SELECT worker_pool.outcome_key(job_id, s.seed) INTO key
        FROM worker_pool.secret s
        WHERE s.singleton AND token OPERATOR(pg_catalog.=) worker_pool.claim_token(job_id, s.salt);
        IF pg_catalog.pg_try_advisory_xact_lock(key) THEN
            UPDATE worker_pool.queued_job j
            SET status = 'done',
                attempts = j.attempts OPERATOR(pg_catalog.+) 1,
                started_at = greatest(j.submitted_at, least(begun, pg_catalog.clock_timestamp())),
                finished_at = pg_catalog.clock_timestamp(),
                row_count = touched
            WHERE j.id OPERATOR(pg_catalog.=) job_id
              AND j.status OPERATOR(pg_catalog.=) 'waiting'
              AND j.xmax OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id()::pg_catalog.xid
              AND NOT EXISTS (SELECT FROM worker_pool.cancel_request c WHERE c.id OPERATOR(pg_catalog.=) job_id)
            RETURNING j.origin_uid INTO uid;
            IF FOUND THEN
                IF uid IS NOT NULL THEN
                    PERFORM pg_catalog.pg_notify('worker_pool_job', uid::pg_catalog.text);
                END IF;
                RETURN 'done';
            END IF;
        END IF;
    END IF;
    RETURN worker_pool.finish_otherwise(job_id, token, outcome, begun, touched, failure, failure_state);
END
$$;

-- What a failed job's `error` holds: the message, then DETAIL and HINT where PostgreSQL gave them. The message is cut for them.
CREATE FUNCTION worker_pool.failure_text(message text, detail text, hint text, state text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest text;
BEGIN
    IF hint = '' AND state IN ('25001', '2D000') THEN
        -- Refuses a transaction block, or ends the transaction itself.
        hint := 'Queue it with autocommit => true to run it outside a transaction.';
    ELSIF state = '0A000' AND message = 'EXECUTE of SELECT ... INTO is not implemented' THEN
        -- PostgreSQL's own hint is for authors of PL/pgSQL.
        hint := 'Write CREATE TABLE ... AS SELECT ... instead.';
    END IF;
    rest := concat(E'\nDETAIL:  ' || nullif(left(detail, 2000), ''), E'\nHINT:  ' || nullif(left(hint, 1000), ''));
    RETURN left(message, 8000 - length(rest)) || rest;
END
$$;

-- What is said of an attempt that reached its job's timeout.
CREATE FUNCTION worker_pool.timeout_text(timeout interval) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN format('timed out: the attempt reached the timeout of this job, %s s', trim_scale(extract(epoch FROM timeout)));
END
$$;

-- Runs up to `max_jobs` jobs of the worker, and begins none later than `max_ms` after the call. Each job commits with its
-- outcome: all of its effect and its 'done', or nothing and its 'failed'. Returns when the head belongs to another
-- submitter or does not run in this way, when nothing waits, when a job was cancelled or is to have another attempt, or at its bounds.
--
--   after_id  in: all jobs up to here had ended a moment ago (0: not known); out: the same for the next call. One that came late, by
--             its commit, by retry() or as its time has come, is found when nothing else waits, or by a call with 0
--   report    one line an attempt: the job's id, what became of it, duration, SQLSTATE and message
--   done, failed  how many jobs ended so
--   more      the head may well be the caller's
--
-- A job with a timeout is one that is asked for by `only_id`: the caller has set statement_timeout to it, which counts from the
-- first message of the call, as now() does until the first COMMIT, and which the job can't change any more.
--
-- Neither SECURITY DEFINER nor a SET clause: both forbid COMMIT. It runs with the submitter's rights and whatever
-- search_path the job before left; hence OPERATOR() and schema names throughout, for types too.
CREATE PROCEDURE worker_pool.drain(
    worker text, max_jobs int, max_ms int, only_id bigint, INOUT after_id bigint, OUT report text[],
    OUT done int, OUT failed int, OUT more boolean
)
LANGUAGE plpgsql AS $$
DECLARE
    deadline  pg_catalog.timestamptz := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => max_ms OPERATOR(pg_catalog./) 1000.0::pg_catalog.float8);
    me        pg_catalog.oid := pg_catalog.to_regrole(pg_catalog.quote_ident(current_user));
    ordinary  pg_catalog.bool := only_id IS NULL;
    ids       pg_catalog.int8[] := CASE WHEN ordinary THEN worker_pool.heads(worker, after_id, max_jobs) END;
    place     pg_catalog.int4 := 1;
    job       pg_catalog.record;
    token     pg_catalog.int8;
    setting   pg_catalog.text; -- an assignment costs less than PERFORM
    begun     pg_catalog.timestamptz;
    took      pg_catalog.float8;
    outcome   pg_catalog.text;
    touched   pg_catalog.int8;
    message   pg_catalog.text;
    detail    pg_catalog.text;
    hint      pg_catalog.text;
    -- Of the last attempt that failed.
    state     pg_catalog.text;
    failure   pg_catalog.text;
    status    pg_catalog.text;
BEGIN
    report := '{}';
    done := 0;
    failed := 0;
    LOOP
        more := pg_catalog.cardinality(report) OPERATOR(pg_catalog.>=) max_jobs
            OR pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>) deadline;
        EXIT WHEN more;

        IF ordinary THEN
            job := worker_pool.claim_ordinary(ids[place], me);
            IF job.id IS NULL THEN
                ids := worker_pool.heads(worker, after_id, max_jobs);
                place := 1;
                job := worker_pool.claim_ordinary(ids[place], me);
                ordinary := job.id IS NOT NULL;
            END IF;
            place := place OPERATOR(pg_catalog.+) 1;
        END IF;
        IF NOT ordinary THEN
            job := worker_pool.claim(worker, after_id, only_id);
            IF job.id IS NULL AND after_id OPERATOR(pg_catalog.>) 0 THEN
                -- A job with a lower id may have committed late.
                after_id := 0;
                job := worker_pool.claim(worker, after_id, only_id);
            END IF;
            EXIT WHEN job.id IS NULL;
            -- The login may have been given to another role while this session still acts for the one before.
            EXIT WHEN job.submitter OPERATOR(pg_catalog.<>) me;
        END IF;
        begun := pg_catalog.clock_timestamp();
        setting := pg_catalog.set_config('application_name', 'worker_pool job ' OPERATOR(pg_catalog.||) job.id::pg_catalog.text, false);

        -- query_canceled and assert_failure are not among OTHERS: without them such a job would be the head for ever.
        -- Deferred constraints and cursors WITH HOLD would run at COMMIT, outside this block: they have their turn here.
        BEGIN
            setting := pg_catalog.set_config('search_path', job.search_path, true);
            IF job.time_zone IS NOT NULL THEN
                setting := pg_catalog.set_config('TimeZone', job.time_zone, true);
            END IF;
            EXECUTE job.query_text;
            GET DIAGNOSTICS touched = ROW_COUNT;
            SET CONSTRAINTS ALL IMMEDIATE;
            EXECUTE 'CLOSE ALL';
            IF job.timeout IS NOT NULL THEN -- by itself: each expression is made ready anew for each job
                IF job.timeout OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.now()) THEN
                    -- The job caught the end of its time.
                    RAISE EXCEPTION 'timed out' USING ERRCODE = 'query_canceled';
                END IF;
            END IF;
            outcome := 'done';
        EXCEPTION
            WHEN OTHERS OR query_canceled OR assert_failure THEN
                GET STACKED DIAGNOSTICS
                    message = MESSAGE_TEXT,
                    detail = PG_EXCEPTION_DETAIL,
                    hint = PG_EXCEPTION_HINT,
                    state = RETURNED_SQLSTATE;
                IF state OPERATOR(pg_catalog.=) '57014' AND job.timeout OPERATOR(pg_catalog.<=) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.now()) THEN
                    message := worker_pool.timeout_text(job.timeout);
                END IF;
                message := worker_pool.readable(message);
                failure := worker_pool.failure_text(message, detail, hint, state);
                outcome := 'failed';
                touched := NULL;
        END;

        -- Nothing of this job's session is left for the next one: its cursors are closed, or went with its sub-transaction. RESET ALL
        -- leaves the role alone.
        RESET SESSION AUTHORIZATION;
        RESET ROLE;
        RESET ALL;
        DEALLOCATE ALL;
        DISCARD TEMP;
        DISCARD SEQUENCES;
        UNLISTEN *;
        setting := pg_catalog.pg_advisory_unlock_all();

        status := worker_pool.finish(job.id, job.token, outcome, begun, touched, failure, state);
        IF outcome OPERATOR(pg_catalog.=) 'done' AND status OPERATOR(pg_catalog.=) 'cancelled' THEN
            ROLLBACK;
            state := '57014';
            message := 'canceling statement due to user request';
            -- Its row was free just now: somebody else may have recorded the cancel (settle_cancelled), or will.
            token := (worker_pool.claim(worker, 0, job.id)).token;
            IF token IS NOT NULL THEN
                status := worker_pool.finish(job.id, token, 'failed', begun, NULL, message, state);
            END IF;
        END IF;
        COMMIT;
        -- A deferred trigger that deferred another one ran just now, behind all of the above, and this transaction has begun with what
        -- it set.
        RESET SESSION AUTHORIZATION;
        RESET ROLE;
        RESET ALL;
        DEALLOCATE ALL;
        DISCARD TEMP;
        DISCARD SEQUENCES;
        UNLISTEN *;
        setting := pg_catalog.pg_advisory_unlock_all();
        COMMIT;

        after_id := job.id;
        took := pg_catalog.round(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) begun) OPERATOR(pg_catalog.*) 10000.0::pg_catalog.float8) OPERATOR(pg_catalog./) 10.0::pg_catalog.float8;
        IF status OPERATOR(pg_catalog.=) 'done' THEN
            done := done OPERATOR(pg_catalog.+) 1;
            report := pg_catalog.array_append(report, pg_catalog.format('job %s done in %s ms', job.id, took));
        ELSE
            report := pg_catalog.array_append(report, pg_catalog.format(
                'job %s %s in %s ms, SQLSTATE %s: %s',
                job.id,
                CASE WHEN status OPERATOR(pg_catalog.=) 'waiting' THEN 'failed, and has another attempt,' ELSE status END,
                took,
                state,
                pg_catalog."left"(pg_catalog.split_part(message, E'\n', 1), 300)));
            IF status OPERATOR(pg_catalog.<>) 'failed' THEN
                -- Still the head, or the cancel request that was sent to this session may reach it yet.
                after_id := 0;
                more := true;
                EXIT;
            END IF;
            failed := failed OPERATOR(pg_catalog.+) 1;
        END IF;
    END LOOP;
END
$$;
