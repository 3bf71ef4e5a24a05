-- Rebuilds the indexes of books each night at 3, by the time zone of the session that calls it first: a job has its submitter's.
CREATE PROCEDURE nightly_reindex()
LANGUAGE plpgsql AS $$
BEGIN
    CALL worker_pool.submit('maintenance', 'CALL nightly_reindex()', run_at => current_date + 1 + time '03:00');
    CALL worker_pool.submit('maintenance', 'REINDEX TABLE CONCURRENTLY books', autocommit => true, timeout => '2 h');
END
$$;

-- Now, and from then on each night.
CALL nightly_reindex();
