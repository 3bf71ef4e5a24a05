-- The tables. No role but the owner, the operator's login, has a right on any of them, with one exception
-- (launch_request): users come through the view worker_pool.jobs and the functions.

-- One row a queued job. `status` is what is committed: a job that runs is still 'waiting' here, and its transaction
-- turns it into 'done' or 'failed' together with its effect. So a crash needs no repair. 'scheduled' is not in the order yet:
-- its run_at is to come. Users read 'waiting' for it. Of five words, with 'cancelled': PostgreSQL would read a CHECK anew for each
-- job that ends, which is 6 % of a drain, and only functions of this schema write here. The options are checked as they come in.
CREATE TABLE worker_pool.queued_job (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- "C": names are compared by their bytes, whatever the collation of the database, and whatever its next version.
    worker_name     text COLLATE "C" NOT NULL,
    query_text      text NOT NULL,
    status          text NOT NULL DEFAULT 'waiting',
    -- By OID: a name goes stale when the role is renamed, and a role made anew under an old name would inherit its jobs. As
    -- regrole, so that a dump has the name, and what is restored elsewhere belongs to the role of that name.
    submitter       regrole NOT NULL DEFAULT pg_catalog.to_regrole(pg_catalog.quote_ident(current_user)),
    -- What the statement meant to the submitter's session. Time zone null: not known, the worker's own.
    search_path     text NOT NULL DEFAULT pg_catalog.current_setting('search_path'),
    time_zone       text DEFAULT pg_catalog.current_setting('TimeZone'),
    submitted_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    started_at      timestamptz,
    finished_at     timestamptz,
    attempts        int NOT NULL DEFAULT 0,
    error           text,
    sqlstate        text,
    row_count       bigint,
    origin          text,
    origin_uid      uuid,
    origin_ordinal  int,
    -- Of a WorkerJob that has ended, and run again by retry(): that one's end stays what it was.
    detached        boolean NOT NULL DEFAULT false,
    -- The options.
    autocommit      boolean NOT NULL DEFAULT false,
    timeout         interval,
    max_attempts    int NOT NULL DEFAULT 1,
    retry_delay     interval NOT NULL DEFAULT '10 s',
    run_at          timestamptz,
    batch           text,
    on_failure      text NOT NULL DEFAULT 'continue',
    -- Attempts that count against max_attempts: not those that were interrupted, nor those before a retry().
    failed_attempts int NOT NULL DEFAULT 0,
    -- While it is to come, the job keeps the head of its name and does not run: the delay before another attempt.
    not_before      timestamptz
) WITH (
    fillfactor = 90,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0
);

-- The queue itself: claims, wake-ups and positions read only this, so finished rows cost them nothing.
CREATE INDEX queued_job_waiting ON worker_pool.queued_job (worker_name, id) WHERE status = 'waiting';
CREATE INDEX queued_job_submitter ON worker_pool.queued_job (submitter, id);
-- A WorkerJob's statements are queued once, whatever restarts in between.
CREATE UNIQUE INDEX queued_job_origin ON worker_pool.queued_job (origin_uid, origin_ordinal) WHERE origin_uid IS NOT NULL;
-- What is to enter the order when it is due.
CREATE INDEX queued_job_scheduled ON worker_pool.queued_job (run_at) WHERE status = 'scheduled';
-- Retention looks for old rows; a few kilobytes that cost an update next to nothing.
CREATE INDEX queued_job_finished ON worker_pool.queued_job USING brin (finished_at) WITH (autosummarize = on);

-- launch() appends here; the worker deletes what it found when it starts. Nothing is lost while the operator is away.
CREATE TABLE worker_pool.launch_request (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    worker_name   text COLLATE "C" NOT NULL,
    requested_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX launch_request_worker ON worker_pool.launch_request (worker_name);

-- One row a worker name, written by the operator and the worker pod only: an insert by submit() would make
-- one open transaction block all others of that name.
CREATE TABLE worker_pool.worker (
    worker_name          text COLLATE "C" PRIMARY KEY,
    turn                 int NOT NULL DEFAULT 1,
    -- The Kubernetes Job of this turn, which holds a slot; null: none does.
    job_name             text,
    turn_since           timestamptz,
    turn_head            bigint,
    pod                  text,
    failed_turns         int NOT NULL DEFAULT 0,
    not_before           timestamptz,
    -- Evidence that this job was begun. If it is found waiting again, that attempt was interrupted.
    current_job          bigint,
    since                timestamptz,
    -- The session that runs it, where it runs outside a transaction: no row lock tells of it then. A process id is of one
    -- start of the server only.
    autocommit_pid       int,
    autocommit_login     oid,
    server_started       timestamptz,
    -- How far the job is, and which one it was about.
    progress             text,
    progress_job         bigint,
    interruptions        int NOT NULL DEFAULT 0,
    interrupted_job      bigint,
    interruption_reason  text,
    jobs_done            bigint NOT NULL DEFAULT 0,
    jobs_failed          bigint NOT NULL DEFAULT 0,
    -- Its last turn ended to let others have the slot: it waits since then.
    yielded_at           timestamptz
) WITH (fillfactor = 70);
CREATE INDEX worker_autocommit ON worker_pool.worker (autocommit_pid) WHERE autocommit_pid IS NOT NULL;

-- Names whose jobs do not begin until resume(), for each reason a row. Not unique: nobody waits for a transaction of
-- somebody else that pauses the same name.
CREATE TABLE worker_pool.paused (
    worker_name  text COLLATE "C" NOT NULL,
    -- That failed, with on_failure => 'pause'; null: pause() was called.
    failed_job   bigint
);
CREATE INDEX paused_worker ON worker_pool.paused (worker_name);

-- Which roles may queue, and the login whose session runs their jobs. Rows stay when a role leaves the pool: its old
-- jobs still belong to it.
CREATE TABLE worker_pool.login (
    role    regrole PRIMARY KEY,
    login   regrole NOT NULL,
    active  boolean NOT NULL
);
CREATE INDEX login_login ON worker_pool.login (login);

-- The WorkerPool that owns this queue, at most one: a lease that its operator renews.
CREATE TABLE worker_pool.pool (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    -- Of this queue, whoever owns it: a WorkerJob looks for its rows in the queue that it was put into.
    queue_uid  uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    uid        text,
    ident      text,
    suspended  boolean NOT NULL DEFAULT false,
    seen_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
) WITH (fillfactor = 50);

-- Jobs that were cancelled while they ran, so that their rows could not be touched. They end as cancelled, and never begin again.
CREATE TABLE worker_pool.cancel_request (
    id  bigint PRIMARY KEY
);
