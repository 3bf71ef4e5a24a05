-- Job control: cancel, retry, pause, resume.

CREATE VIEW worker_pool.unended_job AS
SELECT j.id FROM worker_pool.queued_job j WHERE j.status IN ('waiting', 'scheduled');

-- Ends what waits of a job as cancelled, or asks for the end of the attempt that runs. False: it had ended.
--
-- For one that runs, the request comes before the lock: a transaction that ends the job and finds the lock taken waits for the request
-- (await_cancel). And the look at the job comes after the lock: it sees what such a transaction has committed. So what this returns
-- is true when this transaction commits, but for autocommit: what such a job has done can't be undone, and if it ended well
-- before the request reached it, it is done.
--
--   patience  seconds that the COMMIT of one that is about to end may take, or the transaction of somebody else who cancels it;
--             after that it is an error
CREATE FUNCTION worker_pool.cancel_job(job_id bigint, patience int) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = 0 AS $$
BEGIN
    -- The row of what runs in a transaction is locked by that (claim).
    IF EXISTS (
        SELECT FROM worker_pool.queued_job j
        WHERE j.id = job_id AND j.status = 'waiting' AND NOT j.autocommit AND j.xmax = pg_current_xact_id_if_assigned()::xid
    ) THEN
        RAISE EXCEPTION 'A job does not cancel itself' USING ERRCODE = 'object_in_use';
    END IF;
    -- In a sub-transaction: what locks the row of a job by itself is what runs it (running_transaction).
    BEGIN
        IF worker_pool.cancel_waiting(job_id) THEN
            RETURN true;
        ELSIF NOT EXISTS (SELECT FROM worker_pool.unended_job j WHERE j.id = job_id) THEN
            -- Without a request: who tries it again later must not wait for this transaction.
            RETURN false;
        END IF;
        PERFORM set_config('lock_timeout', patience || 's', true);
        INSERT INTO worker_pool.cancel_request (id) VALUES (job_id) ON CONFLICT DO NOTHING;
        PERFORM pg_advisory_xact_lock(worker_pool.outcome_key(job_id));
        IF worker_pool.cancel_waiting(job_id) THEN
            DELETE FROM worker_pool.cancel_request c WHERE c.id = job_id;
            RETURN true;
        ELSIF NOT EXISTS (SELECT FROM worker_pool.unended_job j WHERE j.id = job_id) THEN
            DELETE FROM worker_pool.cancel_request c WHERE c.id = job_id;
            RETURN false;
        END IF;
        -- It runs: its worker ends the attempt.
        PERFORM pg_notify('worker_pool_cancel', job_id::text);
        RETURN true;
    EXCEPTION
        WHEN lock_not_available THEN
            RAISE EXCEPTION 'Job % is about to end, or to be cancelled, in a transaction that goes on', job_id
                USING ERRCODE = 'lock_not_available';
    END;
END
$$;

-- Of a job that waits and has not begun, with its row locked.
CREATE FUNCTION worker_pool.set_cancelled(job_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    workerjob uuid;
BEGIN
    UPDATE worker_pool.queued_job j SET status = 'cancelled', finished_at = clock_timestamp()
    WHERE j.id = job_id
    RETURNING j.origin_uid INTO workerjob;
    IF workerjob IS NOT NULL THEN
        PERFORM pg_notify('worker_pool_job', workerjob::text);
    END IF;
END
$$;

-- False: it does not wait, or it runs, or somebody is about to begin, end or cancel it. Its row is locked by all of them.
CREATE FUNCTION worker_pool.cancel_waiting(job_id bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    worker  text;
    begun   timestamptz;
BEGIN
    SELECT j.worker_name INTO worker
    FROM worker_pool.queued_job j
    WHERE j.id = job_id AND j.status IN ('waiting', 'scheduled')
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- An autocommit job begins with its row locked (begin_job): it has, or it can't any more.
    PERFORM pg_stat_clear_snapshot();
    IF EXISTS (SELECT FROM worker_pool.running_autocommit a WHERE a.id = job_id) THEN
        RETURN false;
    END IF;
    SELECT a.since INTO begun FROM worker_pool.begun_autocommit a WHERE a.id = job_id;
    IF FOUND THEN
        RETURN worker_pool.autocommit_lost(job_id, begun, 'interrupted', 'its session is gone') = 'cancelled';
    END IF;
    PERFORM worker_pool.set_cancelled(job_id);
    -- Those behind it may run now.
    PERFORM pg_notify('worker_pool', worker);
    RETURN true;
END
$$;

-- Jobs that were to be cancelled and do not run any more (their worker has died, say): all of them, or this one only.
-- Returns whether there was any.
CREATE FUNCTION worker_pool.settle_cancelled(only_id bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cancelled record;
    settled   boolean := false;
BEGIN
    IF NOT EXISTS (SELECT FROM worker_pool.cancel_request) THEN
        RETURN false;
    END IF;
    PERFORM pg_stat_clear_snapshot();
    FOR cancelled IN
        SELECT q.id, w.since, a.id IS NOT NULL AS autocommit
        FROM worker_pool.cancel_request c
        JOIN worker_pool.queued_job q ON q.id = c.id
        LEFT JOIN worker_pool.worker w
          ON w.worker_name = q.worker_name AND w.current_job = q.id AND (q.finished_at >= w.since) IS NOT TRUE
        LEFT JOIN worker_pool.begun_autocommit a ON a.id = q.id
        WHERE q.status IN ('waiting', 'scheduled')
          AND (only_id IS NULL OR q.id = only_id)
          AND q.id NOT IN (SELECT r.id FROM worker_pool.running_autocommit r)
        FOR UPDATE OF q SKIP LOCKED
    LOOP
        settled := true;
        IF cancelled.autocommit THEN
            PERFORM worker_pool.autocommit_lost(cancelled.id, cancelled.since, 'cancelled', 'its session was ended');
        ELSIF cancelled.since IS NOT NULL THEN
            -- It had begun, and was ended with its session: that attempt counts, and nobody else counts it any more.
            PERFORM worker_pool.attempt_failed(cancelled.id, cancelled.since, 'cancelled: its session was ended', '57014', true);
        ELSE
            PERFORM worker_pool.set_cancelled(cancelled.id);
        END IF;
    END LOOP;
    -- Never waits for one that somebody else is about to delete.
    DELETE FROM worker_pool.cancel_request c
    WHERE c.id IN (
        SELECT r.id
        FROM worker_pool.cancel_request r
        WHERE NOT EXISTS (SELECT FROM worker_pool.queued_job j WHERE j.id = r.id AND j.status IN ('waiting', 'scheduled'))
        FOR UPDATE SKIP LOCKED
    );
    RETURN settled;
END
$$;

-- A job that failed or was cancelled waits again, at its old place. False: it has not ended so. Of a WorkerJob that has ended it is no part any
-- more: that one's end stays what it was. It leaves the worker's row alone: a transaction that goes on must not hold up others of the name.
CREATE FUNCTION worker_pool.retry_job(job_id bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    worker text;
BEGIN
    UPDATE worker_pool.queued_job j
    SET status = CASE WHEN j.run_at > clock_timestamp() THEN 'scheduled' ELSE 'waiting' END,
        failed_attempts = 0,
        not_before = NULL,
        detached = j.origin_uid IS NOT NULL AND NOT EXISTS (
            SELECT FROM worker_pool.queued_job o
            WHERE o.origin_uid = j.origin_uid AND o.status IN ('waiting', 'scheduled') AND NOT o.detached
        )
    WHERE j.id = job_id AND j.status IN ('failed', 'cancelled')
    RETURNING j.worker_name INTO worker;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- Whoever cancelled the attempt before may have been too late for it.
    DELETE FROM worker_pool.cancel_request c WHERE c.id = job_id;
    PERFORM pg_notify('worker_pool', worker);
    RETURN true;
END
$$;

-- The door through which users come to the two calls above. A row is a call by its `caller`, whom no caller can forge: users have a
-- right on the other columns only, the first trigger runs as the user and fills in who that is, the second one as
-- the owner, who may do it. No row stays.
CREATE TABLE worker_pool.job_call (
    job_id  bigint,
    verb    text,
    caller  regrole
);

CREATE FUNCTION worker_pool.sign_call() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.caller := pg_catalog.to_regrole(pg_catalog.quote_ident(current_user));
    RETURN NEW;
END
$$;

CREATE FUNCTION worker_pool.carry_out_call() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner     oid := (SELECT j.submitter FROM worker_pool.queued_job j WHERE j.id = NEW.job_id);
    accepted  boolean := false;
BEGIN
    IF owner IS NOT NULL THEN
        IF NOT pg_has_role(NEW.caller, owner, 'MEMBER')
           AND NOT (SELECT pg_has_role(NEW.caller, n.nspowner, 'USAGE') FROM pg_namespace n WHERE n.nspname = 'worker_pool')
        THEN
            RAISE EXCEPTION 'job % belongs to another role', NEW.job_id
                USING ERRCODE = 'insufficient_privilege',
                      HINT = 'Its submitter may do this, members of that role, and the owner of schema worker_pool.';
        END IF;
        IF NEW.verb = 'cancel' THEN
            accepted := worker_pool.cancel_job(NEW.job_id, 10);
        ELSIF NEW.verb = 'retry' THEN
            accepted := worker_pool.retry_job(NEW.job_id);
        ELSE
            RAISE EXCEPTION 'a job can''t be told to %', NEW.verb USING ERRCODE = 'invalid_parameter_value';
        END IF;
    END IF;
    PERFORM set_config('worker_pool.accepted', accepted::text, true);
    RETURN NULL;
END
$$;

-- In the order of their names.
CREATE TRIGGER a_sign BEFORE INSERT ON worker_pool.job_call FOR EACH ROW EXECUTE FUNCTION worker_pool.sign_call();
CREATE TRIGGER b_carry_out BEFORE INSERT ON worker_pool.job_call FOR EACH ROW EXECUTE FUNCTION worker_pool.carry_out_call();

CREATE FUNCTION worker_pool.cancel(id bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO worker_pool.job_call (job_id, verb) VALUES (id, 'cancel');
    RETURN pg_catalog.current_setting('worker_pool.accepted');
END
$$;

CREATE FUNCTION worker_pool.retry(id bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO worker_pool.job_call (job_id, verb) VALUES (id, 'retry');
    RETURN pg_catalog.current_setting('worker_pool.accepted');
END
$$;

-- After the job that runs, the name stops. For those who were granted it.
CREATE PROCEDURE worker_pool.pause(worker text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM worker_pool.check_worker_name(worker);
    INSERT INTO worker_pool.paused (worker_name)
    SELECT worker WHERE NOT EXISTS (SELECT FROM worker_pool.paused p WHERE p.worker_name = worker AND p.failed_job IS NULL);
    PERFORM pg_notify('worker_pool', worker);
END
$$;

CREATE PROCEDURE worker_pool.resume(worker text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM worker_pool.check_worker_name(worker);
    DELETE FROM worker_pool.paused p WHERE p.worker_name = worker;
    PERFORM pg_notify('worker_pool', worker);
END
$$;
