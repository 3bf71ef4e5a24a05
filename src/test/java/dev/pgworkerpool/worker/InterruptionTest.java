package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Attempts that end without an outcome: they leave no effect, the job runs again at its place, but not for ever. */
@ParameterizedClass(autoCloseArguments = false)
@MethodSource("dev.pgworkerpool.postgres.PostgresServers#all")
class InterruptionTest {
    /** A job that waits until it is let go, and then takes effect. */
    private static final String BLOCKED_JOB =
            "INSERT INTO effect VALUES ('blocked'); SELECT pg_advisory_xact_lock(4711)";

    private final PostgresServer server;
    private QueueDatabase database;
    private TestWorkers workers;

    InterruptionTest(PostgresServer server) {
        this.server = server;
    }

    @BeforeEach
    void create(@TempDir Path folder) throws SQLException {
        database = QueueDatabase.on(server);
        workers = new TestWorkers(database, folder);
        database.execute("alice", "CREATE TABLE public.effect (v text)", "GRANT ALL ON public.effect TO PUBLIC");
    }

    @AfterEach
    void drop() throws SQLException {
        workers.close();
        database.close();
    }

    @Test
    void a_job_that_kills_its_session_each_time_is_ended_by_its_fifth_interruption() throws SQLException {
        var poison = database.submit("alice", "foo", "SELECT pg_terminate_backend(pg_backend_pid())");
        database.submit("alice", "foo", "INSERT INTO effect VALUES ('after')");

        for (int turn = 1; turn <= 5; turn++) {
            assertThat(status(poison)).isEqualTo("waiting");
            assertThat(turn("foo")).isEqualTo(Outcome.DATABASE_GONE);
            assertThat(attempts(poison)).isEqualTo(turn);
        }
        assertThat(status(poison)).isEqualTo("failed");
        assertThat(database.look("SELECT error FROM worker_pool.jobs WHERE id = " + poison)
                        .getFirst())
                .startsWith("interrupted 5 times: session lost: ")
                .contains("terminating connection due to administrator command");

        assertThat(turn("foo")).isEqualTo(Outcome.DRAINED);
        assertThat(effects()).containsExactly("after");
    }

    @Test
    void a_session_that_was_ended_while_it_was_idle_costs_no_attempt() throws Exception {
        var first = database.submit("alice", "foo", "SELECT 1");
        var worker = workers.start("foo", Map.of("PGWP_IDLE_TIMEOUT", "600000"));
        await().until(() -> status(first).equals("done")
                && database.look(
                                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename = 'alice' AND state <> 'idle'")
                        .isEmpty());
        database.asSuperuser(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'alice'");
        await().pollDelay(Duration.ofMillis(1100)).until(() -> true);

        var next = database.submit("alice", "foo", "SELECT 2");
        await().until(() -> status(next).equals("done"));
        assertThat(attempts(next)).isEqualTo(1);
        assertThat(database.look("SELECT interrupted_job FROM worker_pool.worker"))
                .containsOnlyNulls();
        assertThat(worker.isAlive()).isTrue();
    }

    @Test
    void a_lost_session_counts_as_an_attempt_of_a_job_of_its_login_only() throws SQLException {
        assertThat(turn("foo")).isEqualTo(Outcome.DRAINED);
        var job = database.submit("bob", "foo", "SELECT 1");
        database.execute(QueueDatabase.OPERATOR, "SELECT worker_pool.interrupted('foo', 'alice', 'session lost')");
        assertThat(attempts(job)).isZero();
        database.execute(QueueDatabase.OPERATOR, "SELECT worker_pool.interrupted('foo', 'wp$bob', 'session lost')");
        assertThat(attempts(job)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"cancel_batch, failed cancelled done, f", "pause, failed waiting waiting, t"})
    void the_fifth_interruption_is_a_failure_to_those_behind_it(String onFailure, String statuses, String paused)
            throws SQLException {
        for (var query : List.of("SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1")) {
            database.ask(
                    "alice", "SELECT worker_pool.enqueue('foo', ?, batch => 'b', on_failure => ?)", query, onFailure);
        }
        database.submit("alice", "foo", "SELECT 2");
        for (int turn = 1; turn <= 5; turn++) {
            turn("foo");
        }
        turn("foo");
        assertThat(database.look("SELECT string_agg(status, ' ' ORDER BY id) FROM worker_pool.jobs"))
                .containsExactly(statuses);
        assertThat(database.look("SELECT EXISTS (SELECT FROM worker_pool.paused)"))
                .containsExactly(paused);
    }

    @Test
    void interruptions_count_in_a_row_only() throws SQLException {
        database.execute("alice", "CREATE SEQUENCE public.tries");
        for (int job = 0; job < 3; job++) {
            database.submit("alice", "foo", """
                    DO $$ BEGIN
                        IF nextval('tries') % 3 <> 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
                    END $$""");
        }
        for (int turn = 0; turn < 6; turn++) {
            assertThat(turn("foo")).isEqualTo(Outcome.DATABASE_GONE);
        }
        assertThat(turn("foo")).isEqualTo(Outcome.DRAINED);
        assertThat(database.look("SELECT status || ' ' || attempts FROM worker_pool.jobs"))
                .containsOnly("done 3");
    }

    @Test
    void a_job_whose_worker_is_killed_leaves_no_effect_and_runs_again() throws Exception {
        try (var blocker = database.asSuperuser()) {
            QueueDatabase.execute(blocker, "SELECT pg_advisory_lock(4711)");
            var job = database.submit("alice", "foo", BLOCKED_JOB);
            var worker = workers.start("foo", Map.of());
            await().until(() -> status(job).equals("pending"));

            worker.destroyForcibly().waitFor();

            // The server notices that nobody is there any more, although the statement waits.
            await().atMost(Duration.ofSeconds(30)).until(() -> status(job).equals("waiting"));
        }
        assertThat(turn("foo")).isEqualTo(Outcome.DRAINED);
        assertThat(effects()).containsExactly("blocked");
        assertThat(database.look("SELECT status || ' ' || attempts FROM worker_pool.jobs"))
                .containsExactly("done 2");
    }

    @Test
    void a_worker_that_is_asked_to_stop_lets_its_job_come_to_its_end() throws Exception {
        Process worker;
        try (var blocker = database.asSuperuser()) {
            QueueDatabase.execute(blocker, "SELECT pg_advisory_lock(4711)");
            var job = database.submit("alice", "foo", BLOCKED_JOB);
            database.submit("alice", "foo", "INSERT INTO effect VALUES ('next')");
            worker = workers.start("foo", Map.of());
            await().until(() -> status(job).equals("pending"));
            worker.destroy();
            await().during(Duration.ofMillis(500)).until(worker::isAlive);
        }
        assertThat(exitCode(worker)).isEqualTo(Outcome.DRAINED.exitCode());
        assertThat(effects()).containsExactly("blocked");
    }

    @Test
    void a_worker_whose_grace_period_runs_out_rolls_its_job_back() throws Exception {
        try (var blocker = database.asSuperuser()) {
            QueueDatabase.execute(blocker, "SELECT pg_advisory_lock(4711)");
            var job = database.submit("alice", "foo", BLOCKED_JOB);
            var worker = workers.start("foo", Map.of("PGWP_GRACE_PERIOD", "6"));
            await().until(() -> status(job).equals("pending"));
            worker.destroy();
            assertThat(exitCode(worker)).isEqualTo(Outcome.INTERRUPTED.exitCode());
            assertThat(status(job)).isEqualTo("waiting");
            assertThat(attempts(job)).isEqualTo(1);
        }
        assertThat(turn("foo")).isEqualTo(Outcome.DRAINED);
        assertThat(effects()).containsExactly("blocked");
    }

    @Test
    void a_companions_job_is_rolled_back_in_time_as_well() throws Exception {
        try (var blocker = database.asSuperuser()) {
            QueueDatabase.execute(blocker, "SELECT pg_advisory_lock(4711)");
            var job = database.submit("bob", "foo", "SELECT pg_advisory_xact_lock(4711)");
            var worker = workers.start("foo", Map.of("PGWP_GRACE_PERIOD", "6"));
            await().until(() -> status(job).equals("pending"));
            worker.destroy();
            assertThat(exitCode(worker)).isEqualTo(Outcome.INTERRUPTED.exitCode());
            assertThat(status(job)).isEqualTo("waiting");
        }
    }

    @Test
    void a_crash_of_the_server_in_the_middle_of_a_drain_loses_and_repeats_nothing() throws Exception {
        database.execute("alice", """
                INSERT INTO worker_pool.jobs (worker_name, query_text)
                SELECT 'foo', format('INSERT INTO effect VALUES (%L)', i) FROM generate_series(1, 3000) AS i""");
        var worker = workers.start("foo", Map.of());
        await().until(() -> !database.look("SELECT 1 FROM worker_pool.jobs WHERE status = 'done' LIMIT 1")
                .isEmpty());
        server.restartImmediately();
        assertThat(exitCode(worker)).isEqualTo(Outcome.DATABASE_GONE.exitCode());

        assertThat(turn("foo")).isEqualTo(Outcome.DRAINED);
        assertThat(database.look("SELECT count(*) || ' ' || count(DISTINCT v) FROM public.effect"))
                .containsExactly("3000 3000");
        assertThat(database.look("SELECT count(*) FROM worker_pool.jobs WHERE status <> 'done'"))
                .containsExactly("0");
    }

    @Test
    void a_long_job_is_seen_with_its_start_and_its_worker() throws Exception {
        try (var blocker = database.asSuperuser()) {
            QueueDatabase.execute(blocker, "SELECT pg_advisory_lock(4711)");
            database.submit("alice", "foo", "SELECT 1");
            var job = database.submit("alice", "foo", BLOCKED_JOB);
            workers.start("foo", Map.of());
            await().until(() -> database.look("SELECT current_job FROM worker_pool.worker WHERE since IS NOT NULL")
                    .equals(List.of(Long.toString(job))));
            assertThat(database.ask("alice", """
                    SELECT concat_ws(' ', state, waiting, current_job, since < clock_timestamp(), pod)
                    FROM worker_pool.workers""")).containsExactly("Running 0 " + job + " t pod-foo");
            assertThat(database.ask("alice", """
                    SELECT concat_ws(' ', status, attempts, started_at < clock_timestamp())
                    FROM worker_pool.jobs WHERE id = """ + job)).containsExactly("pending 1 t");
        }
    }

    /** A turn as the operator sees it: its end is recorded, with its failure. */
    private Outcome turn(String worker) throws SQLException {
        var outcome = workers.run(worker);
        while (outcome == Outcome.LOCK_HELD) {
            // The server has yet to notice that the turn before, which ended badly, has gone.
            outcome = workers.run(worker);
        }
        database.look("""
                SELECT worker_pool.turn_ended(w.worker_name, w.turn, nullif(?, 'DRAINED'))
                FROM worker_pool.worker w""", outcome.name());
        return outcome;
    }

    private static int exitCode(Process worker) throws InterruptedException, IOException {
        assertThat(worker.waitFor(60, TimeUnit.SECONDS)).as("the worker ends").isTrue();
        return worker.exitValue();
    }

    private String status(long job) throws SQLException {
        return database.look("SELECT status FROM worker_pool.jobs WHERE id = " + job)
                .getFirst();
    }

    private int attempts(long job) throws SQLException {
        return Integer.parseInt(database.look("SELECT attempts FROM worker_pool.jobs WHERE id = " + job)
                .getFirst());
    }

    private List<String> effects() throws SQLException {
        return database.look("SELECT v FROM public.effect");
    }
}
