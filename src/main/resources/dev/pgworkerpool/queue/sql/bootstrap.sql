-- What must be there before a version can be looked up. Runs first at each installation, changes nothing the second time.
-- A schema that a DBA made beforehand (CREATE SCHEMA worker_pool AUTHORIZATION ...) is used as it is; then the operator's
-- login needs no right to create one. No lock is taken: two that run at once wait for each other at the catalogue, and the second
-- finds all there.

SET LOCAL search_path = pg_catalog, pg_temp;

DO $$
BEGIN
    IF pg_catalog.to_regnamespace('worker_pool') IS NULL THEN
        BEGIN
            CREATE SCHEMA worker_pool;
        EXCEPTION
            WHEN duplicate_schema OR unique_violation THEN
                NULL;
        END;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_namespace
        WHERE nspname = 'worker_pool' AND pg_catalog.pg_get_userbyid(nspowner) = current_user
    ) THEN
        RAISE EXCEPTION 'schema "worker_pool" belongs to another role'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = pg_catalog.format('ALTER SCHEMA worker_pool OWNER TO %I, or move the foreign schema away.', current_user);
    END IF;
    IF pg_catalog.to_regclass('worker_pool.schema_version') IS NULL THEN
        BEGIN
            CREATE TABLE worker_pool.schema_version (
                version     int PRIMARY KEY,
                applied_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
            );
        EXCEPTION
            WHEN duplicate_table OR unique_violation THEN
                NULL;
        END;
    END IF;
END
$$;
