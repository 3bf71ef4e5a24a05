package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A job is shown as pending while it runs and not a moment longer, and nobody else can make it look so or hide it. */
class PendingTest extends OneWorkerTest {
    static final String AT_THE_GATE = "SELECT pg_advisory_xact_lock(4711)";

    Connection gate;

    @BeforeEach
    void shutTheGate() throws SQLException {
        gate = database.asSuperuser();
        execute(gate, "SELECT pg_advisory_lock(4711)");
    }

    @AfterEach
    void close() throws SQLException {
        gate.close();
    }

    @Test
    void the_views_tell_what_runs_and_since_when() throws Exception {
        var first = submit("SELECT 1");
        var running = submit(AT_THE_GATE);
        submit("SELECT 2");
        database.submit("bob", "foo", "SELECT 3");
        var turn = start();
        await(() -> status(running).equals("pending"));
        await(() -> !database.look("SELECT 1 FROM worker_pool.worker WHERE current_job = " + running)
                .isEmpty());
        // What runs goes on to its end, so a suspended pool makes no difference.
        database.look("SELECT worker_pool.acquire('uid', 'ns/library', true)");

        assertThat(look("concat_ws(' ', status, attempts, started_at <= clock_timestamp(), finished_at IS NULL)"))
                .containsExactly("done 1 t f", "pending 1 t t", "waiting 0 t", "waiting 0 t");
        assertThat(database.look("SELECT concat_ws(' ', submitter, status, position, reason) FROM worker_pool.queue"
                        + " ORDER BY id"))
                .containsExactly(
                        "alice pending 0 Running",
                        "alice waiting 1 WaitingForPredecessor",
                        "bob waiting 2 WaitingForPredecessor");
        assertThat(database.ask(
                        "bob", "SELECT concat_ws(' ', submitter, status, position, reason) FROM worker_pool.queue"))
                .containsExactly("bob waiting 2 WaitingForPredecessor");
        assertThat(database.look("SELECT concat_ws(' ', worker_name, state, waiting, current_job, pod) FROM"
                        + " worker_pool.workers"))
                .containsExactly("foo Running 2 " + running + " pod-foo");
        assertThat(database.look("SELECT bool_and(since BETWEEN clock_timestamp() - interval '1 min' AND"
                        + " clock_timestamp()) FROM (SELECT since FROM worker_pool.workers UNION ALL"
                        + " SELECT since FROM worker_pool.queue) s"))
                .containsExactly("t");
        assertThat(first).isLessThan(running);
        database.look("SELECT worker_pool.acquire('uid', 'ns/library', false)");
        openTheGate(turn);
        assertThat(look("status")).containsOnly("done");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET application_name = 'x'",
                "RESET ALL",
                "SET ROLE NONE",
                "RESET ROLE",
                "SET SESSION AUTHORIZATION \"wp$bob\"",
                "SELECT pg_advisory_unlock_all()",
                "SELECT pg_advisory_unlock_shared(classid::int, objid::int) FROM pg_locks WHERE locktype = 'advisory'"
                        + " AND pid = pg_backend_pid()",
                "DISCARD TEMP",
            })
    void whatever_a_job_does_to_its_session_it_is_shown_as_running(String does) throws Exception {
        var job = database.submit("bob", "foo", does + "; " + AT_THE_GATE);
        var turn = start();
        atTheGate();
        assertThat(status(job)).isEqualTo("pending");
        assertThat(database.ask("bob", "SELECT status FROM worker_pool.jobs")).containsExactly("pending");
        assertThat(database.ask("bob", "SELECT reason FROM worker_pool.queue")).containsExactly("Running");
        openTheGate(turn);
        assertThat(status(job)).isEqualTo("done");
    }

    @Test
    void a_job_whose_session_ended_waits_again_at_once_with_nobody_there_to_say_so() throws Exception {
        var job = submit("INSERT INTO effect (v) VALUES ('x'); " + AT_THE_GATE);
        var turn = start();
        atTheGate();
        assertThat(status(job)).isEqualTo("pending");
        assertThat(effects()).isEmpty();
        database.asSuperuser(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                        + " AND datname = current_database() AND application_name LIKE 'worker_pool%'");
        assertThat(status(job)).isEqualTo("waiting");
        assertThat(database.look("SELECT reason FROM worker_pool.queue")).containsExactly("WaitingForSlot");
        assertThat(turn.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DATABASE_GONE);
        assertThat(effects()).isEmpty();

        turn = start();
        atTheGate();
        assertThat(look("status || ' ' || attempts")).containsExactly("pending 2");
        openTheGate(turn);
        assertThat(effects()).containsExactly("x");
    }

    @Test
    void after_a_crash_of_the_server_nothing_is_left_pending() throws Exception {
        var job = submit(AT_THE_GATE);
        var turn = start();
        atTheGate();
        assertThat(status(job)).isEqualTo("pending");
        server.restartImmediately();
        assertThat(status(job)).isEqualTo("waiting");
        assertThat(turn.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DATABASE_GONE);
        run();
        assertThat(look("status || ' ' || attempts")).containsExactly("done 2");
    }

    @ParameterizedTest
    @CsvSource({"mallory, pg_advisory_lock", "mallory, pg_advisory_lock_shared", "bob, pg_advisory_lock_shared"})
    void nobody_else_can_make_a_job_look_as_if_it_ran(String role, String lock) throws Exception {
        var job = submit("SELECT 1");
        try (var forger = database.as(role)) {
            forge(forger, lock, job);
            assertThat(look("status || ' ' || attempts")).containsExactly("waiting 0");
            assertThat(database.look("SELECT reason FROM worker_pool.queue")).containsExactly("WaitingForSlot");
            assertThat(database.look("SELECT state FROM worker_pool.workers")).containsExactly("Waiting");
        }
    }

    @Test
    void a_row_that_the_operator_looks_after_is_not_a_job_that_runs() throws Exception {
        submit("SELECT 1");
        try (var operator = database.as(QueueDatabase.OPERATOR)) {
            execute(operator, "BEGIN", "SELECT id FROM worker_pool.queued_job FOR UPDATE");
            assertThat(look("status")).containsExactly("waiting");
        }
    }

    @ParameterizedTest
    @CsvSource({"mallory, pg_advisory_lock", "mallory, pg_advisory_lock_shared", "bob, pg_advisory_lock"})
    void nobody_else_can_hide_that_a_job_runs(String role, String lock) throws Exception {
        var job = submit(AT_THE_GATE);
        try (var hider = database.as(role)) {
            forge(hider, lock, job);
            var turn = start();
            atTheGate();
            assertThat(status(job)).isEqualTo("pending");
            openTheGate(turn);
        }
        assertThat(status(job)).isEqualTo("done");
    }

    /** All advisory locks that have to do with this job and its worker, and the name that the drain gives its session. */
    private static void forge(Connection connection, String lock, long job) throws SQLException {
        execute(
                connection,
                "SET application_name = 'worker_pool job " + job + "'",
                "SELECT " + lock + "(2003855970, " + job + ")",
                "SELECT " + lock + "(" + job + ")");
    }

    private CompletableFuture<Outcome> start() {
        return CompletableFuture.supplyAsync(() -> workers.run("foo"));
    }

    private static void atTheGate() {
        await(() -> !database.look(
                        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted")
                .isEmpty());
    }

    private void openTheGate(CompletableFuture<Outcome> turn) throws Exception {
        execute(gate, "SELECT pg_advisory_unlock_all()");
        assertThat(turn.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
    }

    private static String status(long job) throws SQLException {
        return database.look("SELECT status FROM worker_pool.jobs WHERE id = " + job)
                .getFirst();
    }
}
