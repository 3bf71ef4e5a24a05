package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.PGConnection;

/** What is told of statements that PostgreSQL reports the progress of, to another session of the same role. */
class ProgressTest extends OneWorkerTest {
    /** As slow as the session that runs it wants. */
    private static final String SLOW = """
            CREATE FUNCTION public.slow(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_catalog.pg_sleep(pg_catalog.current_setting('test.delay', true)::float8);
                RETURN n;
            END $$""";

    @BeforeEach
    void createTable() throws SQLException {
        database.asSuperuser("DROP TABLE IF EXISTS public.big", "DROP FUNCTION IF EXISTS public.slow");
        database.execute("alice", SLOW, "CREATE TABLE public.big (n int, filler text)");
        database.execute("alice", "INSERT INTO public.big SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) n");
        database.execute("alice", "CREATE INDEX big_slow ON public.big (public.slow(n))");
        database.asSuperuser("GRANT pg_write_server_files TO alice");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CREATE INDEX ON public.big (public.slow(n)) | create index: building index.*",
                "REINDEX INDEX CONCURRENTLY public.big_slow | reindex concurrently: building index.*",
                "VACUUM public.big | vacuum: scanning heap, \\d+ %",
                "ANALYZE public.big | analyze: acquiring sample rows, \\d+ %",
                "CLUSTER public.big USING big_slow | cluster: .+",
                "VACUUM FULL public.big | vacuum full: .+",
                "COPY (SELECT pg_sleep(0.01) FROM generate_series(1, 6000)) TO '/dev/null' | copy to: \\d+ rows",
            })
    void a_statement_is_told_with_its_phase(String statement, String progress) throws Exception {
        try (var running = database.as("alice");
                var beside = database.as("alice")) {
            var backend = running.unwrap(PGConnection.class).getBackendPID();
            execute(running, "SET test.delay = 0.1", "SET vacuum_cost_delay = 100", "SET vacuum_cost_limit = 1");
            var end = CompletableFuture.runAsync(() -> run(running, statement));
            await(() -> {
                var told = ask(beside, "SELECT worker_pool.progress_of(" + backend + ")")
                        .getFirst();
                return told != null && told.matches(progress);
            });
            running.unwrap(PGConnection.class).cancelQuery();
            assertThatThrownBy(end::join).hasMessageContaining("canceling statement due to user request");
        }
    }

    private static void run(Connection session, String statement) {
        try {
            execute(session, statement);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
