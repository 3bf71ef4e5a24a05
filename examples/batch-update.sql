-- Updates a big table in steps of 10,000 rows. Each step is a job that queues the next one in its own transaction.
CREATE PROCEDURE tidy_titles(after_id bigint)
LANGUAGE plpgsql AS $$
DECLARE
    last_id bigint;
BEGIN
    SELECT max(s.id) INTO last_id
    FROM (SELECT b.id FROM books b WHERE b.id > after_id ORDER BY b.id LIMIT 10000) s;
    IF last_id IS NOT NULL THEN
        UPDATE books SET title = trim(title) WHERE id > after_id AND id <= last_id;
        CALL worker_pool.submit('tidy titles', format('CALL tidy_titles(%s)', last_id), max_attempts => 3);
    END IF;
END
$$;

CALL worker_pool.submit('tidy titles', 'CALL tidy_titles(0)', max_attempts => 3);
