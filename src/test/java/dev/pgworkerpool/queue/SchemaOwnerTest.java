package dev.pgworkerpool.queue;

import static dev.pgworkerpool.postgres.QueueDatabase.OPERATOR;
import static dev.pgworkerpool.postgres.QueueDatabase.PASSWORD;
import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pgworkerpool.postgres.OnEachServer;
import dev.pgworkerpool.postgres.PostgresServer;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was in the database before the queue is installed. */
class SchemaOwnerTest extends OnEachServer {
    static final String NAME = "occupied";

    @BeforeEach
    void create() throws SQLException {
        server.createDatabase(NAME, PostgresServer.SUPERUSER);
        asSuperuser("GRANT CREATE ON DATABASE occupied TO mallory", "GRANT ALL ON SCHEMA public TO PUBLIC");
    }

    @AfterEach
    void drop() throws SQLException {
        database.asSuperuser("DROP DATABASE occupied WITH (FORCE)");
    }

    @Test
    void a_schema_that_a_stranger_made_beforehand_is_not_used() throws SQLException {
        asMallory(
                "CREATE SCHEMA worker_pool",
                "CREATE TABLE worker_pool.schema_version (version int, applied_at timestamptz)");
        asSuperuser("GRANT CREATE ON DATABASE occupied TO " + OPERATOR);
        assertThatThrownBy(this::install).hasMessageContaining("schema \"worker_pool\" belongs to another role");
        try (var connection = server.superuser(NAME)) {
            assertThat(ask(connection, "SELECT relname FROM pg_class WHERE relnamespace = 'worker_pool'::regnamespace"))
                    .containsExactly("schema_version");
        }
    }

    @Test
    void what_stands_in_a_shared_schema_does_not_get_into_the_queue() throws SQLException {
        asMallory(
                "CREATE FUNCTION public.hashtextextended(text, int) RETURNS bigint IMMUTABLE LANGUAGE plpgsql"
                        + " AS $$ BEGIN RAISE 'trapped'; END $$",
                "CREATE FUNCTION public.op(bigint, bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql"
                        + " AS $$ BEGIN RAISE 'trapped'; END $$",
                "CREATE OPERATOR public.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = public.op)",
                "CREATE DOMAIN public.text AS pg_catalog.text CHECK (false)",
                "CREATE DOMAIN public.oid AS pg_catalog.oid CHECK (false)");
        asSuperuser("CREATE SCHEMA worker_pool AUTHORIZATION " + OPERATOR);
        install();
        try (var connection = server.superuser(NAME)) {
            assertThat(ask(
                            connection,
                            "SELECT DISTINCT typnamespace::regnamespace FROM pg_attribute a JOIN pg_class c ON c.oid ="
                                    + " attrelid JOIN pg_type t ON t.oid = atttypid WHERE relnamespace ="
                                    + " 'worker_pool'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0"))
                    .containsExactly("pg_catalog");
            assertThat(ask(connection, "SELECT worker_pool.awake_key('foo') <> worker_pool.barrier_key('foo')"))
                    .containsExactly("t");
        }
    }

    /** A DBA made the schema; its owner needs no right on the database. */
    @Test
    void an_operator_without_any_right_on_the_database_installs_into_its_own_schema() throws SQLException {
        assertThatThrownBy(this::install).hasMessageContaining("permission denied for database occupied");
        asSuperuser("CREATE SCHEMA worker_pool AUTHORIZATION " + OPERATOR);
        install();
        install();
    }

    private void install() throws SQLException {
        try (var connection = server.connect(NAME, OPERATOR, PASSWORD)) {
            SchemaInstaller.install(connection);
        }
    }

    private void asMallory(String... statements) throws SQLException {
        try (var connection = server.connect(NAME, "mallory", PASSWORD)) {
            execute(connection, statements);
        }
    }

    private void asSuperuser(String... statements) throws SQLException {
        try (var connection = server.superuser(NAME)) {
            execute(connection, statements);
        }
    }
}
