-- Queueing: the view users read and write, the calls, and the wake-up.

-- May this role queue? set_logins() writes it anew whenever the list changes: as an expression that the planner puts in place of the
-- call it costs a submit nothing, where a look at the table would be half the time of a row that is inserted with many others.
CREATE FUNCTION worker_pool.has_login(role oid) RETURNS boolean
LANGUAGE sql STABLE AS $$ SELECT false $$;

-- For what clients read: a database in SQL_ASCII takes any bytes, they take UTF-8. Fails where it is none.
CREATE FUNCTION worker_pool.check_readable(text) RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.=) 'SQL_ASCII' THEN
        PERFORM pg_catalog.convert_from(pg_catalog.convert_to($1, 'SQL_ASCII'), 'UTF8');
    END IF;
END
$$;

CREATE FUNCTION worker_pool.check_worker_name(worker text) RETURNS void
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF worker IS NULL THEN
        RAISE EXCEPTION 'Worker name must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF worker OPERATOR(pg_catalog.=) '' THEN
        RAISE EXCEPTION 'Worker name must not be empty' USING ERRCODE = 'invalid_parameter_value';
    ELSIF pg_catalog.octet_length(worker) OPERATOR(pg_catalog.>) 63 THEN
        RAISE EXCEPTION 'Worker name too long'
            USING ERRCODE = 'string_data_right_truncation',
                  DETAIL = pg_catalog.format('It has %s bytes, at most 63 are allowed.', pg_catalog.octet_length(worker));
    END IF;
    PERFORM worker_pool.check_readable(worker);
END
$$;

-- Fails unless the jobs of this role may run here. It asks for this very role: membership in one that has a
-- login does not help, since the job would then run as somebody else than the one who queued it.
CREATE FUNCTION worker_pool.require_login(role oid) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT worker_pool.has_login(role) THEN
        RAISE EXCEPTION 'role "%" has no login in this worker pool', pg_catalog.pg_get_userbyid(role)
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Add a Secret with this role''s username and password to spec.logins of the WorkerPool'
                         ' (or one of a companion login, with `role` set to this role).';
    END IF;
END
$$;

-- Options in range. The time limit of a statement is a number of milliseconds in 31 bits. Intervals are taken for the seconds that
-- they last, as what uses them does: to PostgreSQL's comparison '10 years -3590 days' are ten days.
CREATE FUNCTION worker_pool.check_options(
    autocommit boolean, timeout interval, max_attempts int, retry_delay interval, run_at timestamptz, on_failure text
) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    missing text := CASE
        WHEN autocommit IS NULL THEN 'autocommit'
        WHEN max_attempts IS NULL THEN 'max_attempts'
        WHEN retry_delay IS NULL THEN 'retry_delay'
        WHEN on_failure IS NULL THEN 'on_failure'
    END;
    wrong text := CASE
        WHEN extract(epoch FROM timeout) NOT BETWEEN 0.001 AND 24 * 86400 THEN 'timeout must be from 1 ms to 24 days'
        WHEN max_attempts < 1 THEN 'max_attempts must be at least 1'
        WHEN extract(epoch FROM retry_delay) NOT BETWEEN 0 AND 3600 THEN 'retry_delay must be from 0 to 1 hour'
        WHEN run_at = 'infinity' THEN 'run_at must not be infinity'
        WHEN on_failure NOT IN ('continue', 'cancel_batch', 'pause') THEN
            format('on_failure must be continue, cancel_batch or pause, not %s', quote_literal(on_failure))
    END;
BEGIN
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION '% must not be null', missing USING ERRCODE = 'null_value_not_allowed';
    ELSIF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;

-- Several statements, as far as that can be told without PostgreSQL's own parser: there is something behind a semicolon, and
-- nothing in which a semicolon is no end of a statement: literals, quoted names, comments, bodies of functions.
CREATE FUNCTION worker_pool.is_several_statements(query text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN query ~ ';\s*[^\s;]' AND query !~* '[''"$]|--|/\*|\matomic\M';

-- Users have no right on the column `submitter`, so only the owner (for WorkerJobs) can bring another than itself. SECURITY INVOKER and
-- without a SET clause: that would cost more than all it does, and the planner would not put has_login in its place.
--
-- It runs for each row of a bulk insert, and the first time in a transaction each of its expressions is made ready anew. So a job with
-- nothing special about it is let through by a single one, without a call of a function of ours but has_login, of which the planner
-- leaves none.
CREATE FUNCTION worker_pool.accept_job() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (pg_catalog.octet_length(NEW.worker_name) OPERATOR(pg_catalog.<=) 63
        AND NEW.worker_name OPERATOR(pg_catalog.<>) ''
        AND pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'SQL_ASCII'
        AND NEW.query_text OPERATOR(pg_catalog.<>) ''
        AND NOT NEW.autocommit
        AND NEW.timeout IS NULL
        AND NEW.max_attempts OPERATOR(pg_catalog.=) 1
        AND pg_catalog.date_part('epoch', NEW.retry_delay) OPERATOR(pg_catalog.=) 10
        AND NEW.run_at IS NULL
        AND NEW.on_failure OPERATOR(pg_catalog.=) 'continue'
        AND worker_pool.has_login(NEW.submitter)) IS TRUE
    THEN
        RETURN NEW;
    END IF;

    PERFORM worker_pool.check_worker_name(NEW.worker_name);
    IF NEW.query_text IS NULL THEN
        RAISE EXCEPTION 'Query must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF NEW.query_text OPERATOR(pg_catalog.=) '' THEN
        RAISE EXCEPTION 'Query must not be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM worker_pool.check_options(
        NEW.autocommit, NEW.timeout, NEW.max_attempts, NEW.retry_delay, NEW.run_at, NEW.on_failure);
    -- For the seconds that it lasts, whatever it is compared with.
    NEW.timeout := pg_catalog.make_interval(secs => pg_catalog.date_part('epoch', NEW.timeout));
    IF NEW.autocommit THEN
        PERFORM worker_pool.check_readable(NEW.query_text);
        IF worker_pool.is_several_statements(NEW.query_text) THEN
            RAISE EXCEPTION 'autocommit takes one statement'
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Queue a job for each statement.';
        END IF;
    END IF;
    IF NEW.run_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() THEN
        -- No worker's business yet, awake or not: the operator sets its timer by it.
        NEW.status := 'scheduled';
        PERFORM pg_catalog.pg_notify('worker_pool', NEW.worker_name);
    END IF;
    -- Not of the current role: what else is inserted may have changed that since.
    PERFORM worker_pool.require_login(NEW.submitter);
    RETURN NEW;
END
$$;

CREATE TRIGGER accept BEFORE INSERT ON worker_pool.queued_job
    FOR EACH ROW EXECUTE FUNCTION worker_pool.accept_job();

CREATE FUNCTION worker_pool.accept_launch() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM worker_pool.check_worker_name(NEW.worker_name);
    PERFORM worker_pool.require_login(pg_catalog.to_regrole(pg_catalog.quote_ident(current_user)));
    RETURN NEW;
END
$$;

CREATE TRIGGER accept BEFORE INSERT ON worker_pool.launch_request
    FOR EACH ROW EXECUTE FUNCTION worker_pool.accept_launch();

-- Wakes the operator, unless a worker of this name is awake and will find the job by itself: NOTIFY takes a lock of the
-- whole database at commit, which costs three quarters of the throughput of 32 sessions.
--
-- Why none is lost: deferred, so it runs at commit. The submitter skips NOTIFY only if it saw K1 held while it holds K2
-- shared, and it keeps K2 until its commit is visible. A worker that stops releases K1, then takes K2 exclusively, which
-- waits for that submitter, then looks at the queue again in a new snapshot. A K2 that can't be had at once means that
-- a worker stands at the barrier (or that somebody plays with our keys): notify, never wait.
-- K1 is given back at once: only the look counts. In one expression, as each is made ready anew in each transaction.
CREATE FUNCTION worker_pool.wake() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (CASE
            WHEN NOT pg_catalog.pg_try_advisory_xact_lock_shared(worker_pool.barrier_key(NEW.worker_name)) THEN true
            WHEN pg_catalog.pg_try_advisory_lock_shared(worker_pool.awake_key(NEW.worker_name))
            THEN pg_catalog.pg_advisory_unlock_shared(worker_pool.awake_key(NEW.worker_name))
            ELSE false
        END)
    THEN
        PERFORM pg_catalog.pg_notify('worker_pool', NEW.worker_name);
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER wake AFTER INSERT ON worker_pool.queued_job
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION worker_pool.wake();
CREATE CONSTRAINT TRIGGER wake AFTER INSERT ON worker_pool.launch_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION worker_pool.wake();

-- What users see of the queue. Its rights are the owner's, its rows are the reader's own: a barrier, so no function in
-- somebody's WHERE sees a row before this filter. An autocommit job whose session is gone is pending until
-- it is recorded that nobody knows what it did: it is no job that has yet to run. Inserts go through to the table and its trigger.
CREATE VIEW worker_pool.jobs WITH (security_barrier) AS
SELECT
    j.id,
    j.worker_name,
    j.query_text,
    CASE
        WHEN j.status = 'waiting' AND (
            (j.xmax::text, j.submitter) IN (SELECT r.xid, r.submitter FROM worker_pool.running_transaction r)
            OR (j.id, j.submitter) IN (SELECT a.id, a.submitter FROM worker_pool.begun_autocommit a)
        ) THEN 'pending'
        WHEN j.status = 'scheduled' THEN 'waiting'
        ELSE j.status
    END AS status,
    pg_catalog.pg_get_userbyid(j.submitter) AS submitter,
    j.submitted_at,
    CASE
        WHEN j.status = 'waiting' THEN coalesce(
            (SELECT w.since FROM worker_pool.worker w WHERE w.worker_name = j.worker_name AND w.current_job = j.id),
            j.started_at)
        ELSE j.started_at
    END AS started_at,
    j.finished_at,
    j.attempts
    + CASE
        WHEN j.status = 'waiting' AND (
            (j.xmax::text, j.submitter) IN (SELECT r.xid, r.submitter FROM worker_pool.running_transaction r)
            OR (j.id, j.submitter) IN (SELECT a.id, a.submitter FROM worker_pool.begun_autocommit a)
        ) THEN 1
        ELSE 0
    END AS attempts,
    j.error,
    j.sqlstate,
    j.row_count,
    j.origin,
    j.autocommit,
    j.timeout,
    j.max_attempts,
    j.retry_delay,
    j.run_at,
    j.batch,
    j.on_failure
FROM worker_pool.queued_job j
WHERE j.submitter = ANY (ARRAY(SELECT v.role FROM worker_pool.visible_submitter v));

-- plpgsql, not sql: its plans are kept for the session.
CREATE FUNCTION worker_pool.enqueue(
    worker text, query text, autocommit boolean DEFAULT false, timeout interval DEFAULT NULL, max_attempts int DEFAULT 1,
    retry_delay interval DEFAULT '10 s', run_at timestamptz DEFAULT NULL, batch text DEFAULT NULL,
    on_failure text DEFAULT 'continue'
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    job_id bigint;
BEGIN
    INSERT INTO worker_pool.jobs
        (worker_name, query_text, autocommit, timeout, max_attempts, retry_delay, run_at, batch, on_failure)
    VALUES (worker, query, autocommit, timeout, max_attempts, retry_delay, run_at, batch, on_failure)
    RETURNING id INTO job_id;
    RETURN job_id;
END
$$;

CREATE PROCEDURE worker_pool.submit(
    worker text, query text, autocommit boolean DEFAULT false, timeout interval DEFAULT NULL, max_attempts int DEFAULT 1,
    retry_delay interval DEFAULT '10 s', run_at timestamptz DEFAULT NULL, batch text DEFAULT NULL,
    on_failure text DEFAULT 'continue'
)
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO worker_pool.jobs
        (worker_name, query_text, autocommit, timeout, max_attempts, retry_delay, run_at, batch, on_failure)
    VALUES (worker, query, autocommit, timeout, max_attempts, retry_delay, run_at, batch, on_failure);
END
$$;

CREATE PROCEDURE worker_pool.launch(worker text)
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO worker_pool.launch_request (worker_name) VALUES (worker);
END
$$;
