-- Everybody may try to queue, to be told when they can't, and sees their own jobs only. What runs jobs is granted to the
-- roles of the pool (set_logins); all the rest is the owner's.

REVOKE ALL ON ALL ROUTINES IN SCHEMA worker_pool FROM PUBLIC;

GRANT USAGE ON SCHEMA worker_pool TO PUBLIC;
GRANT SELECT,
    INSERT (worker_name, query_text, autocommit, timeout, max_attempts, retry_delay, run_at, batch, on_failure)
ON worker_pool.jobs TO PUBLIC;
GRANT SELECT ON worker_pool.queue, worker_pool.workers TO PUBLIC;
GRANT INSERT (worker_name) ON worker_pool.launch_request TO PUBLIC;
GRANT INSERT (job_id, verb) ON worker_pool.job_call TO PUBLIC;

GRANT EXECUTE ON PROCEDURE worker_pool.submit, worker_pool.launch TO PUBLIC;
GRANT EXECUTE ON FUNCTION
    worker_pool.enqueue,
    worker_pool.cancel,
    worker_pool.retry,
    worker_pool.check_readable,
    worker_pool.check_worker_name,
    worker_pool.check_options,
    worker_pool.is_several_statements,
    worker_pool.require_login,
    worker_pool.has_login,
    worker_pool.waiting_reason,
    worker_pool.awake_key,
    worker_pool.barrier_key,
    worker_pool.failure_text,
    worker_pool.timeout_text,
    worker_pool.readable,
    worker_pool.progress_of
TO PUBLIC;
