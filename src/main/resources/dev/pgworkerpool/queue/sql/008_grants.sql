-- Everybody may try to queue, to be told when they can't, and sees their own jobs only. What runs jobs is granted to the
-- roles of the pool (set_logins); all the rest is the owner's.

REVOKE ALL ON ALL ROUTINES IN SCHEMA worker_pool FROM PUBLIC;

GRANT USAGE ON SCHEMA worker_pool TO PUBLIC;
GRANT SELECT, INSERT (worker_name, query_text) ON worker_pool.jobs TO PUBLIC;
GRANT SELECT ON worker_pool.queue, worker_pool.workers TO PUBLIC;
GRANT INSERT (worker_name) ON worker_pool.launch_request TO PUBLIC;

GRANT EXECUTE ON PROCEDURE worker_pool.submit, worker_pool.launch TO PUBLIC;
GRANT EXECUTE ON FUNCTION
    worker_pool.enqueue,
    worker_pool.check_worker_name,
    worker_pool.require_login,
    worker_pool.has_login,
    worker_pool.waiting_reason,
    worker_pool.awake_key,
    worker_pool.barrier_key
TO PUBLIC;
