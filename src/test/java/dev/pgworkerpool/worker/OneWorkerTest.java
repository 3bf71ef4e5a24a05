package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.OnEachServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests that queue jobs as {@code foo}, run its worker and look at what became of them and of the table {@code effect}. */
abstract class OneWorkerTest extends OnEachServer {
    /** A job that goes on whoever cancels it, once it sleeps. */
    static final String CATCHING =
            "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$";

    TestWorkers workers;

    @BeforeEach
    void prepare(@TempDir Path folder) throws SQLException {
        workers = new TestWorkers(database, folder);
        database.asSuperuser(
                "CREATE TABLE IF NOT EXISTS public.effect"
                        + " (id int GENERATED ALWAYS AS IDENTITY, who name DEFAULT current_user, v text)",
                "ALTER TABLE public.effect OWNER TO alice",
                "GRANT ALL ON public.effect TO PUBLIC",
                "TRUNCATE public.effect, worker_pool.queued_job, worker_pool.launch_request, worker_pool.worker,"
                        + " worker_pool.pool, worker_pool.paused, worker_pool.cancel_request");
    }

    @AfterEach
    void stopWorkers() {
        workers.close();
    }

    static long submit(String query) throws SQLException {
        return database.submit("alice", "foo", query);
    }

    /** A whole turn of the worker of foo, which ends because nothing waits any more. */
    void run() {
        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
    }

    static List<String> effects() throws SQLException {
        return database.look("SELECT v FROM public.effect ORDER BY id");
    }

    /** {@code done}, or {@code failed}, the SQLSTATE and the error, of each job. */
    static List<String> outcomes() throws SQLException {
        return look("concat_ws(' ', status, sqlstate, error)");
    }

    static List<String> look(String column) throws SQLException {
        return database.look("SELECT " + column + " FROM worker_pool.jobs ORDER BY id");
    }

    /** A row 1 in {@code late} fires a deferred trigger that defers another one, which does this in the middle of the COMMIT. */
    static void createLateTrigger(String action) throws SQLException {
        database.execute("alice", "CREATE TABLE public.late (n int)", """
                CREATE FUNCTION public.late() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.n = 1 THEN
                        SET CONSTRAINTS ALL DEFERRED;
                        INSERT INTO public.late VALUES (2);
                    ELSE
                        %s
                    END IF;
                    RETURN NULL;
                END $$""".formatted(action), """
                CREATE CONSTRAINT TRIGGER late AFTER INSERT ON public.late
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.late()""");
    }

    static void dropLateTrigger() throws SQLException {
        database.asSuperuser("DROP TABLE public.late", "DROP FUNCTION public.late");
    }

    /** Until a job sleeps. */
    static void awaitSleep() throws SQLException {
        try (var connection = database.asSuperuser()) {
            await(() -> !QueueDatabase.ask(
                            connection,
                            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
                    .isEmpty());
        }
    }

    /** Until one session waits for a transaction that has locked a row. */
    static void awaitRowLock() {
        await(() -> database.look("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
                .equals(List.of("1")));
    }

    static void await(Callable<Boolean> condition) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(10))
                .until(condition);
    }
}
