-- For the operator, which is logged in as the owner of this schema. Every function here may be called again at any time.

-- Takes or renews this pool's lease on the queue: 60 s, by the clock of the database. Null: it is ours; else
-- the pool that has it.
CREATE FUNCTION worker_pool.acquire(pool_uid text, pool_ident text, pool_suspended boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner worker_pool.pool;
BEGIN
    INSERT INTO worker_pool.pool AS p (uid, ident, suspended) VALUES (pool_uid, pool_ident, pool_suspended)
    ON CONFLICT (singleton) DO UPDATE
    SET uid = excluded.uid, ident = excluded.ident, suspended = excluded.suspended, seen_at = clock_timestamp()
    WHERE p.uid IS NULL OR p.uid = excluded.uid OR p.seen_at < clock_timestamp() - interval '60 s'
    RETURNING * INTO owner;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT p.ident FROM worker_pool.pool p);
END
$$;

CREATE FUNCTION worker_pool.release(pool_uid text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE worker_pool.pool SET uid = NULL, ident = NULL WHERE uid = pool_uid;
$$;

-- role[i] may queue, and its jobs run in sessions of login[i]. Replaces the list; returns the pairs that can't be, in
-- words. Changes nothing when nothing changed.
CREATE FUNCTION worker_pool.set_logins(roles text[], logins text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_drain CONSTANT text := 'worker_pool.heads, worker_pool.claim_ordinary, worker_pool.claim, worker_pool.finish';
    refused  text[] := '{}';
    valid    oid[] := '{}';
    used     oid[] := '{}';
    pair     record;
    changed  record;
    listed   text;
BEGIN
    FOR pair IN
        SELECT u.role_name, u.login_name, r.oid AS role, l.oid AS login, l.rolcanlogin,
               l.rolsuper OR l.rolcreaterole OR l.rolcreatedb OR l.rolreplication OR l.rolbypassrls AS powers
        FROM unnest(roles, logins) WITH ORDINALITY AS u (role_name, login_name, place)
        LEFT JOIN pg_roles r ON r.rolname = u.role_name
        LEFT JOIN pg_roles l ON l.rolname = u.login_name
        ORDER BY u.place
    LOOP
        IF pair.role IS NULL THEN
            refused := refused || format('role "%s" does not exist', pair.role_name);
        ELSIF pair.login IS NULL THEN
            refused := refused || format('role "%s" does not exist', pair.login_name);
        ELSIF pair.role = ANY (valid) THEN
            refused := refused || format('role "%s" is listed twice', pair.role_name);
        ELSIF NOT pair.rolcanlogin THEN
            refused := refused || format('role "%s" is not permitted to log in', pair.login_name);
        ELSIF NOT pg_has_role(pair.login, pair.role, 'MEMBER') THEN
            refused := refused || format('login "%s" is not a member of role "%s"', pair.login_name, pair.role_name);
        ELSIF pair.login <> pair.role AND (
            pair.powers
            OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = pair.login AND m.roleid <> pair.role)
        ) THEN
            -- Its jobs could RESET ROLE or SET ROLE to more than their submitter may.
            refused := refused || format('login "%s" may do more than role "%s"', pair.login_name, pair.role_name);
        ELSIF pair.login = ANY (used) THEN
            -- A session must tell by its login whose jobs it runs.
            refused := refused || format('login "%s" runs the jobs of another role already', pair.login_name);
        ELSE
            valid := valid || pair.role;
            used := used || pair.login;
            INSERT INTO worker_pool.login AS g (role, login, active) VALUES (pair.role, pair.login, true)
            ON CONFLICT (role) DO UPDATE SET login = excluded.login, active = true
            WHERE g.login <> excluded.login OR NOT g.active;
        END IF;
    END LOOP;

    FOR changed IN
        UPDATE worker_pool.login g SET active = false
        WHERE g.active AND g.role <> ALL (valid)
        RETURNING (SELECT r.rolname FROM pg_roles r WHERE r.oid = g.role) AS role_name
    LOOP
        IF changed.role_name IS NOT NULL THEN
            EXECUTE format('REVOKE EXECUTE ON PROCEDURE worker_pool.drain FROM %I', changed.role_name);
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I', of_drain, changed.role_name);
        END IF;
    END LOOP;

    -- After the others lost theirs: a role may have had the privilege as a member of one that left.
    FOR changed IN
        SELECT r.rolname AS role_name FROM pg_roles r
        WHERE r.oid = ANY (valid) AND NOT has_function_privilege(r.oid, 'worker_pool.drain'::regproc, 'EXECUTE')
    LOOP
        EXECUTE format('GRANT EXECUTE ON PROCEDURE worker_pool.drain TO %I', changed.role_name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', of_drain, changed.role_name);
    END LOOP;
    -- By what it says, not by what was changed: after a restore, roles have other OIDs.
    listed := format(
        ' SELECT (role OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.oid[])) IS TRUE ',
        ARRAY(SELECT g.role::oid FROM worker_pool.login g WHERE g.active ORDER BY 1));
    IF listed <> (SELECT p.prosrc FROM pg_proc p WHERE p.oid = 'worker_pool.has_login'::regproc) THEN
        EXECUTE format('CREATE OR REPLACE FUNCTION worker_pool.has_login(role oid) RETURNS boolean LANGUAGE sql STABLE AS %L', listed);
    END IF;
    RETURN refused;
END
$$;

-- Names that have a waiting job or were launched. Jumps from name to name in the partial index, so it costs by the names
-- that wait, not by their jobs and not by history.
CREATE VIEW worker_pool.wanted_name AS
WITH RECURSIVE head AS (
    (
        SELECT j.worker_name, j.id, j.submitter, j.submitted_at, j.run_at, j.not_before
        FROM worker_pool.queued_job j
        WHERE j.status = 'waiting'
        ORDER BY j.worker_name, j.id
        LIMIT 1
    )
    UNION ALL
    SELECT n.worker_name, n.id, n.submitter, n.submitted_at, n.run_at, n.not_before
    FROM head h
    CROSS JOIN LATERAL (
        SELECT j.worker_name, j.id, j.submitter, j.submitted_at, j.run_at, j.not_before
        FROM worker_pool.queued_job j
        WHERE j.status = 'waiting' AND j.worker_name > h.worker_name
        ORDER BY j.worker_name, j.id
        LIMIT 1
    ) n
),
launch AS (
    SELECT l.worker_name, min(l.requested_at) AS requested_at
    FROM worker_pool.launch_request l
    GROUP BY l.worker_name
)
SELECT
    worker_name,
    h.id AS head_id,
    h.submitter,
    least(greatest(h.submitted_at, h.run_at), l.requested_at) AS since,
    h.not_before
FROM head h
FULL JOIN launch l USING (worker_name);

-- What is scheduled enters the order of its name when it is due, by the clock of the database. Returns how many milliseconds there are
-- until the next one; null when there is none. One that somebody is about to cancel is left to the next call.
CREATE FUNCTION worker_pool.admit_due() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now timestamptz := clock_timestamp();
BEGIN
    UPDATE worker_pool.queued_job j SET status = 'waiting'
    WHERE j.id IN (
        SELECT d.id FROM worker_pool.queued_job d WHERE d.status = 'scheduled' AND d.run_at <= now FOR UPDATE SKIP LOCKED
    );
    RETURN (
        SELECT ceil(extract(epoch FROM min(j.run_at) - clock_timestamp()) * 1000)
        FROM worker_pool.queued_job j
        WHERE j.status = 'scheduled' AND j.run_at > now
    );
END
$$;

-- Jobs of a role that is no more can never run, and would block those behind them for ever. One that runs already is in a session
-- that goes on: it is left to its end.
CREATE FUNCTION worker_pool.fail_orphans() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    orphan record;
    job    worker_pool.queued_job;
BEGIN
    -- There are hardly ever any, and the look at each job that waits goes through all of them, if not through the whole history.
    IF NOT EXISTS (SELECT FROM worker_pool.wanted_name n WHERE n.submitter NOT IN (SELECT r.oid FROM pg_roles r)) THEN
        RETURN;
    END IF;
    PERFORM pg_stat_clear_snapshot();
    FOR orphan IN
        SELECT h.id, a.since
        FROM worker_pool.wanted_name n
        JOIN worker_pool.queued_job h ON h.worker_name = n.worker_name AND h.status = 'waiting' AND h.submitter = n.submitter
        LEFT JOIN worker_pool.begun_autocommit a ON a.id = h.id
        WHERE n.submitter NOT IN (SELECT r.oid FROM pg_roles r)
          AND h.id NOT IN (SELECT r.id FROM worker_pool.running_autocommit r)
        FOR UPDATE OF h SKIP LOCKED
    LOOP
        BEGIN
            IF orphan.since IS NOT NULL THEN
                PERFORM worker_pool.autocommit_lost(orphan.id, orphan.since, 'interrupted', 'its session is gone');
                CONTINUE;
            END IF;
            UPDATE worker_pool.queued_job j
            SET status = 'failed', finished_at = clock_timestamp(), sqlstate = '42704', error = 'the role that queued it was dropped'
            WHERE j.id = orphan.id
            RETURNING * INTO job;
            PERFORM worker_pool.job_failed(job);
            UPDATE worker_pool.worker w SET jobs_failed = w.jobs_failed + 1 WHERE w.worker_name = job.worker_name;
            IF job.origin_uid IS NOT NULL THEN
                PERFORM pg_notify('worker_pool_job', job.origin_uid::text);
            END IF;
        EXCEPTION
            WHEN lock_not_available THEN
                NULL; -- somebody's transaction holds up what its failure means for others: the next call comes
        END;
    END LOOP;
END
$$;

-- Autocommit jobs that were lost with their worker, and whose session, which went on for a while, is gone now. The next worker of the name
-- would see to them, but there may be none for long: the name is paused, say.
CREATE FUNCTION worker_pool.fail_lost() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    lost text;
BEGIN
    IF NOT EXISTS (SELECT FROM worker_pool.worker w WHERE w.autocommit_pid IS NOT NULL AND w.job_name IS NULL) THEN
        RETURN;
    END IF;
    PERFORM pg_stat_clear_snapshot();
    FOR lost IN
        SELECT w.worker_name
        FROM worker_pool.worker w
        WHERE w.autocommit_pid IS NOT NULL
          AND w.job_name IS NULL
          AND w.worker_name NOT IN (SELECT r.worker_name FROM worker_pool.running_autocommit r)
          AND NOT worker_pool.awake_elsewhere(w.worker_name)
    LOOP
        BEGIN
            PERFORM worker_pool.count_interruption(lost, NULL, false);
        EXCEPTION
            WHEN lock_not_available THEN
                NULL; -- the next call comes
        END;
    END LOOP;
END
$$;

-- Names that want a worker, the one whose head waits longest first; one that has let others have its slot waits from then on.
-- `held_ms`: not before so many milliseconds from now; null: at once.
CREATE FUNCTION worker_pool.demand() RETURNS TABLE (
    worker_name text, turn int, head_id bigint, submitter name, waiting_since timestamptz, held_ms bigint,
    has_login boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET jit = off
AS $$
BEGIN
    -- Not those that are there: a conflict would wait for whoever changes them.
    INSERT INTO worker_pool.worker (worker_name)
    SELECT n.worker_name FROM worker_pool.wanted_name n
    WHERE NOT EXISTS (SELECT FROM worker_pool.worker w WHERE w.worker_name = n.worker_name)
    ON CONFLICT DO NOTHING;

    PERFORM worker_pool.settle_cancelled(NULL);

    PERFORM worker_pool.fail_orphans();

    PERFORM worker_pool.fail_lost();

    RETURN QUERY
    SELECT n.worker_name, w.turn, n.head_id, pg_get_userbyid(n.submitter), greatest(n.since, w.yielded_at) AS waits_since,
           greatest(0, ceil(extract(epoch FROM greatest(w.not_before, n.not_before) - clock_timestamp()) * 1000))::bigint,
           n.submitter IS NULL OR worker_pool.has_login(n.submitter)
    FROM worker_pool.wanted_name n
    JOIN worker_pool.worker w ON w.worker_name = n.worker_name
    WHERE n.worker_name NOT IN (SELECT p.worker_name FROM worker_pool.paused p)
    ORDER BY waits_since, n.worker_name;
END
$$;

-- This turn's Kubernetes Job exists and holds a slot.
CREATE FUNCTION worker_pool.turn_started(worker text, this_turn int, job text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE worker_pool.worker w
    SET job_name = job,
        turn_since = clock_timestamp(),
        turn_head = (SELECT h.id FROM worker_pool.head(worker) h),
        pod = NULL
    WHERE w.worker_name = worker AND w.turn = this_turn AND w.job_name IS DISTINCT FROM job;
$$;

-- This turn's Kubernetes Job and its pod have ended: the name may have its next turn, at once if all went well. A turn that
-- failed, or that left the head where it was without an attempt of it, holds the name back: 1 s, doubling to 5 min, from 1 s again
-- when a turn got on with the queue. A failure also counts against the job that it interrupted. Returns how many milliseconds the
-- name is held back.
CREATE FUNCTION worker_pool.turn_ended(worker text, this_turn int, failure text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    w           worker_pool.worker;
    unmoved     boolean;
    held_until  timestamptz;
    streak      int := 0;
BEGIN
    SELECT * INTO w FROM worker_pool.worker x WHERE x.worker_name = worker AND x.turn = this_turn FOR UPDATE;
    IF NOT FOUND THEN
        RETURN (
            SELECT greatest(0, ceil(extract(epoch FROM x.not_before - clock_timestamp()) * 1000))
            FROM worker_pool.worker x WHERE x.worker_name = worker AND x.not_before IS NOT NULL
        );
    END IF;

    unmoved := w.turn_head IS NOT DISTINCT FROM (SELECT h.id FROM worker_pool.head(worker) h);
    IF failure IS NOT NULL OR (unmoved AND EXISTS (
        SELECT FROM worker_pool.queued_job j
        WHERE j.id = w.turn_head AND (j.started_at IS NULL OR j.started_at < w.turn_since)
    )
    AND NOT EXISTS (SELECT FROM worker_pool.paused p WHERE p.worker_name = worker)
    AND NOT EXISTS (SELECT FROM worker_pool.pool p WHERE p.singleton AND p.suspended)) THEN
        streak := CASE WHEN unmoved THEN w.failed_turns ELSE 0 END;
        held_until := clock_timestamp() + least(interval '1 s' * (2 ^ least(streak, 9)), interval '5 min');
        streak := streak + 1;
    END IF;
    IF failure IS NOT NULL THEN
        PERFORM worker_pool.count_interruption(worker, failure, false);
    END IF;

    UPDATE worker_pool.worker x
    SET turn = x.turn + 1, job_name = NULL, turn_since = NULL, pod = NULL, failed_turns = streak, not_before = held_until
    WHERE x.worker_name = worker;
    RETURN ceil(extract(epoch FROM held_until - clock_timestamp()) * 1000);
END
$$;

-- Turns that hold a slot as far as is known here.
CREATE FUNCTION worker_pool.open_turns() RETURNS TABLE (worker_name text, turn int, job_name text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.worker_name, w.turn, w.job_name FROM worker_pool.worker w WHERE w.job_name IS NOT NULL;
$$;

CREATE FUNCTION worker_pool.statistics() RETURNS TABLE (
    waiting_jobs bigint, oldest_waiting_since timestamptz, done numeric, failed numeric
)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT q.jobs, q.oldest, o.done, o.failed
    FROM (
        SELECT count(*) AS jobs, min(j.submitted_at) AS oldest FROM worker_pool.queued_job j WHERE j.status = 'waiting'
    ) q
    CROSS JOIN (SELECT coalesce(sum(w.jobs_done), 0) AS done, coalesce(sum(w.jobs_failed), 0) AS failed FROM worker_pool.worker w) o;
$$;

-- Deletes one batch of finished rows that are older than they need be, but for those of these WorkerJobs: their statuses are yet to
-- be read from them, and without its rows a WorkerJob would be queued again.
-- By the index of when they ended, or each look at a long history in which nothing is too old would read all of it. For that, the time
-- must be one that does not go on in mid-statement, as clock_timestamp() does.
CREATE FUNCTION worker_pool.prune(keep_done interval, keep_failed interval, unended uuid[], at_most int) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
    WITH gone AS (
        DELETE FROM worker_pool.queued_job j
        WHERE j.id IN (
            SELECT o.id
            FROM worker_pool.queued_job o
            WHERE o.finished_at < statement_timestamp() - least(keep_done, keep_failed, interval '100 years')
              AND o.status IN ('done', 'failed', 'cancelled')
              AND o.finished_at < statement_timestamp()
                  - least(CASE o.status WHEN 'done' THEN keep_done ELSE keep_failed END, interval '100 years')
              AND (o.origin_uid IS NULL OR o.origin_uid <> ALL (unended))
            LIMIT at_most
            FOR UPDATE SKIP LOCKED
        )
        RETURNING j.id
    )
    SELECT count(*) FROM gone;
$$;

-- What a new session of this role would have for this setting; null if neither the role nor the database says.
CREATE FUNCTION worker_pool.role_setting(of_role oid, setting_name text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT substr(c.setting, length(setting_name) + 2)
    FROM pg_db_role_setting s
    CROSS JOIN unnest(s.setconfig) AS c (setting)
    WHERE starts_with(lower(c.setting), lower(setting_name) || '=')
      AND s.setrole IN (0, of_role)
      AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
    ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
    LIMIT 1;
$$;

-- Queues a WorkerJob's statements once, in their order, and returns their ids: those of the first time, whenever called.
CREATE FUNCTION worker_pool.enqueue_workerjob(
    uid uuid, origin text, worker text, statements text[], role_name text, on_failure text,
    autocommit boolean DEFAULT false, timeout interval DEFAULT NULL, max_attempts int DEFAULT 1,
    retry_delay interval DEFAULT '10 s', run_at timestamptz DEFAULT NULL
) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role oid := to_regrole(quote_ident(role_name));
    ids  bigint[];
BEGIN
    SELECT array_agg(j.id ORDER BY j.origin_ordinal) INTO ids
    FROM worker_pool.queued_job j WHERE j.origin_uid = uid;
    IF ids IS NOT NULL THEN
        RETURN ids;
    END IF;
    IF role IS NULL OR NOT worker_pool.has_login(role) THEN
        RAISE EXCEPTION 'role "%" has no login in this worker pool', role_name USING ERRCODE = 'insufficient_privilege';
    END IF;

    INSERT INTO worker_pool.queued_job
        (worker_name, query_text, submitter, search_path, time_zone, origin, origin_uid, origin_ordinal, batch,
         autocommit, timeout, max_attempts, retry_delay, run_at, on_failure)
    SELECT worker, s.statement, role,
           coalesce(worker_pool.role_setting(role, 'search_path'), '"$user", public'),
           worker_pool.role_setting(role, 'TimeZone'),
           enqueue_workerjob.origin, uid, s.ordinal,
           'workerjob/' || uid,
           enqueue_workerjob.autocommit, enqueue_workerjob.timeout, enqueue_workerjob.max_attempts,
           enqueue_workerjob.retry_delay, enqueue_workerjob.run_at, enqueue_workerjob.on_failure
    FROM unnest(statements) WITH ORDINALITY AS s (statement, ordinal)
    ORDER BY s.ordinal
    ON CONFLICT DO NOTHING;

    SELECT array_agg(j.id ORDER BY j.origin_ordinal) INTO ids
    FROM worker_pool.queued_job j WHERE j.origin_uid = uid;
    RETURN ids;
END
$$;

-- How the statements of a WorkerJob stand that has not ended. Progress begins with the elapsed time, in whole minutes, as each change
-- is written into a status. A statement that waits has an error only if it waits for another attempt because of that. Positions
-- count all jobs of the name, by the index alone: this is asked often, and there may be any number of other jobs. So it does not ask
-- worker_pool.jobs either, which hides the rows of others, and is read from end to end for a single one.
CREATE FUNCTION worker_pool.workerjob(uid uuid) RETURNS TABLE (
    ordinal int, id bigint, status text, "position" bigint, reason text, submitted_at timestamptz, started_at timestamptz,
    finished_at timestamptz, attempts int, error text, sqlstate text, progress text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    w          worker_pool.worker;
    name       text := (SELECT j.worker_name FROM worker_pool.queued_job j WHERE j.origin_uid = uid LIMIT 1);
    head       bigint := (SELECT h.id FROM worker_pool.head(name) h);
    head_runs  boolean;
    first      bigint;
    before     bigint;
BEGIN
    -- Whoever tried a statement again may have taken the WorkerJob for ended before its status said so.
    UPDATE worker_pool.queued_job j SET detached = false
    WHERE j.id IN (
        SELECT d.id FROM worker_pool.queued_job d
        WHERE d.origin_uid = uid AND d.detached AND d.status IN ('waiting', 'scheduled') FOR UPDATE SKIP LOCKED
    );

    SELECT * INTO w FROM worker_pool.worker x WHERE x.worker_name = name;
    head_runs := EXISTS (SELECT FROM worker_pool.begun_autocommit a WHERE a.id = head) OR EXISTS (
        SELECT
        FROM worker_pool.queued_job j
        JOIN worker_pool.running_transaction r ON j.xmax::text = r.xid AND j.submitter = r.submitter
        WHERE j.id = head
    );
    first := (SELECT min(j.id) FROM worker_pool.queued_job j WHERE j.origin_uid = uid AND j.status = 'waiting');
    before := (
        SELECT count(*) FROM worker_pool.queued_job x
        WHERE x.worker_name BETWEEN name AND name AND x.status = 'waiting' AND x.id < first
    );

    RETURN QUERY
    SELECT b.origin_ordinal, b.id,
           CASE WHEN b.runs THEN 'pending' WHEN b.status = 'scheduled' THEN 'waiting' ELSE b.status END,
           p.place, worker_pool.waiting_reason(
               b.runs, b.status = 'scheduled', p.place > 1 OR (head_runs AND b.id <> head),
               worker_pool.has_login(b.submitter), EXISTS (SELECT FROM worker_pool.paused x WHERE x.worker_name = name),
               (SELECT p.suspended FROM worker_pool.pool p WHERE p.singleton), b.not_before, w.job_name, w.not_before),
           b.submitted_at, b.begun, b.finished_at, b.attempts + b.runs::int,
           CASE WHEN b.runs OR b.status NOT IN ('waiting', 'scheduled') OR b.not_before > clock_timestamp() THEN b.error END, b.sqlstate,
           CASE WHEN b.runs THEN nullif(concat_ws(
               ', ',
               'for ' || nullif(floor(extract(epoch FROM clock_timestamp() - b.begun) / 60), 0) || ' min',
               CASE WHEN w.progress_job = b.id THEN w.progress END), '')
           END
    FROM (
        SELECT j.*,
               CASE WHEN j.status = 'waiting' AND w.current_job = j.id THEN coalesce(w.since, j.started_at) ELSE j.started_at END AS begun,
               j.status = 'waiting' AND (
                   (j.xmax::text, j.submitter) IN (SELECT r.xid, r.submitter FROM worker_pool.running_transaction r)
                   OR (j.id, j.submitter) IN (SELECT a.id, a.submitter FROM worker_pool.begun_autocommit a)
               ) AS runs
        FROM worker_pool.queued_job j
        WHERE j.origin_uid = uid
    ) b
    LEFT JOIN LATERAL (
        -- Statements that were queued together stand close to each other.
        SELECT before + count(*) + 1 - head_runs::int AS place
        FROM worker_pool.queued_job x
        WHERE x.worker_name BETWEEN name AND name AND x.status = 'waiting' AND x.id >= first AND x.id < b.id
    ) p ON b.status = 'waiting'
    ORDER BY b.origin_ordinal;
END
$$;

-- WorkerJobs that have statements which have not ended.
CREATE FUNCTION worker_pool.waiting_workerjobs() RETURNS TABLE (uid uuid, origin text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT j.origin_uid, j.origin FROM worker_pool.queued_job j WHERE j.status = 'waiting' AND j.origin_uid IS NOT NULL AND NOT j.detached
    UNION
    SELECT j.origin_uid, j.origin FROM worker_pool.queued_job j WHERE j.status = 'scheduled' AND j.origin_uid IS NOT NULL AND NOT j.detached;
$$;

-- What waits becomes cancelled, and what runs is ended as cancelled. Returns how many statements that were, and how many are left to the
-- next call: those that somebody else cancels in a transaction that goes on, and those behind two seconds.
CREATE FUNCTION worker_pool.cancel_workerjob(uid uuid, OUT cancelled int, OUT left_over int)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    job record;
BEGIN
    cancelled := 0;
    left_over := 0;
    FOR job IN
        SELECT j.id FROM worker_pool.queued_job j
        WHERE j.origin_uid = uid AND j.status IN ('waiting', 'scheduled') AND NOT j.detached
        ORDER BY j.id DESC
    LOOP
        IF clock_timestamp() > statement_timestamp() + interval '2 s' THEN
            left_over := left_over + 1;
            CONTINUE;
        END IF;
        BEGIN
            cancelled := cancelled + worker_pool.cancel_job(job.id, 1)::int;
        EXCEPTION
            WHEN lock_not_available THEN
                left_over := left_over + 1;
        END;
    END LOOP;
END
$$;
