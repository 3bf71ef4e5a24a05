-- Writes an INSERT for each job of yours that waits, in their order.
SELECT format(
    'INSERT INTO worker_pool.jobs'
    ' (worker_name, query_text, autocommit, timeout, max_attempts, retry_delay, run_at, batch, on_failure)'
    ' VALUES (%L, %L, %L, %L, %L, %L, %L, %L, %L);',
    worker_name, query_text, autocommit, timeout, max_attempts, retry_delay, run_at, batch, on_failure)
FROM worker_pool.jobs
WHERE status = 'waiting'
ORDER BY id;
