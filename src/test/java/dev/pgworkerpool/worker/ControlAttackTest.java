package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static dev.pgworkerpool.postgres.QueueDatabase.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Users and jobs that play with job control: nobody else's name stands still, no answer is wrong, and nothing is left behind. */
class ControlAttackTest extends OneWorkerTest {
    private static final String SLOW = "SELECT pg_sleep(60)";

    @AfterEach
    void nothingIsLeftBehind() throws SQLException {
        await(() -> database.look("SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
                        + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
                .isEmpty());
        database.look("SELECT count(*) FROM worker_pool.demand()");
        assertThat(database.look("SELECT id FROM worker_pool.cancel_request")).isEmpty();
        assertThat(database.look("SELECT verb FROM worker_pool.job_call")).isEmpty();
    }

    private static long enqueue(String role, String query, String options) throws SQLException {
        return Long.parseLong(database.ask(
                        role,
                        "SELECT worker_pool.enqueue('foo', ?" + (options.isEmpty() ? "" : ", " + options) + ")",
                        query)
                .getFirst());
    }

    private static String effect(String v) {
        return "INSERT INTO effect (v) VALUES ('" + v + "')";
    }

    private static String cancelOf(long job) {
        return "SELECT worker_pool.cancel(" + job + ")";
    }

    private static String retryOf(long job) {
        return "SELECT worker_pool.retry(" + job + ")";
    }

    private CompletableFuture<Outcome> start() {
        return CompletableFuture.supplyAsync(() -> workers.run("foo"));
    }

    private static void awaitPending(long job) {
        await(() -> database.look("SELECT status FROM worker_pool.jobs WHERE id = " + job)
                .equals(List.of("pending")));
    }

    /** A session with the time limits that the operator's have. */
    private static Connection operator() throws SQLException {
        var operator = database.as(QueueDatabase.OPERATOR);
        execute(operator, "SET lock_timeout = '2s'");
        return operator;
    }

    // transactions that are held open

    @Test
    @Timeout(30)
    void a_cancel_that_is_held_open_makes_a_worker_ask_again_how_its_attempt_ended() throws SQLException {
        var job = enqueue("alice", effect("a"), "");
        try (var alice = database.as("alice");
                var operator = operator()) {
            execute(alice, "BEGIN", cancelOf(job));
            var end = "SELECT worker_pool.end_attempt('foo', %d, NULL, 'lost', '08006', false)".formatted(job);
            assertThat(ask(operator, end)).containsOnlyNulls();
            assertThat(ask(operator, "SELECT worker_pool.begin_job('foo', %d)".formatted(job)))
                    .containsExactly("f");
            execute(alice, "ROLLBACK");
            assertThat(ask(operator, end)).containsExactly("failed");
        }
    }

    @Test
    void a_cancel_that_is_held_open_does_not_hold_up_the_operator() throws SQLException {
        var scheduled = enqueue("alice", effect("scheduled"), "run_at => now() + interval '100 ms'");
        try (var alice = database.as("alice");
                var operator = operator()) {
            execute(alice, "BEGIN", cancelOf(scheduled));
            await(() ->
                    ask(operator, "SELECT now() > run_at FROM worker_pool.jobs").equals(List.of("t")));
            assertThat(ask(operator, "SELECT worker_pool.admit_due()")).containsOnlyNulls();
            assertThat(ask(operator, "SELECT worker_name FROM worker_pool.demand()"))
                    .isEmpty();
            execute(alice, "ROLLBACK");
            ask(operator, "SELECT worker_pool.admit_due()");
        }
        run();
        assertThat(effects()).containsExactly("scheduled");
    }

    @Test
    void a_deleted_WorkerJob_that_somebody_cancels_for_long_does_not_hold_up_the_operator() throws SQLException {
        var uid = UUID.randomUUID();
        var first = database.look("SELECT (worker_pool.enqueue_workerjob('%s', 'workerjob/a/b', 'foo',".formatted(uid)
                        + " ARRAY['SELECT 1', 'SELECT 2'], 'alice', 'continue'))[1]")
                .getFirst();
        try (var running = database.as("alice");
                var alice = database.as("alice");
                var operator = operator()) {
            execute(running, "BEGIN", "SELECT worker_pool.claim('foo', 0, NULL)");
            execute(alice, "BEGIN", cancelOf(Long.parseLong(first)));
            assertThat(ask(
                            operator,
                            "SELECT cancelled || ' ' || left_over FROM worker_pool.cancel_workerjob('" + uid + "')"))
                    .as("the second statement; the first one is somebody else's to decide")
                    .containsExactly("1 1");
            execute(running, "ROLLBACK");
            execute(alice, "COMMIT");
        }
        run();
        assertThat(look("status")).containsExactly("cancelled", "cancelled");
    }

    @Test
    void a_request_that_somebody_is_about_to_remove_does_not_hold_up_the_operator() throws SQLException {
        var job = submit("SELECT 1");
        run();
        database.execute(QueueDatabase.OPERATOR, "INSERT INTO worker_pool.cancel_request VALUES (" + job + ")");
        try (var alice = database.as("alice");
                var operator = operator()) {
            execute(alice, "BEGIN");
            assertThat(ask(alice, cancelOf(job))).containsExactly("f");
            assertThat(ask(operator, "SELECT worker_name FROM worker_pool.demand()"))
                    .isEmpty();
        }
    }

    @Test
    void a_cancel_of_an_ended_job_that_is_held_open_does_not_hold_up_another_attempt() throws SQLException {
        var job = submit("SELECT 1/0");
        run();
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN");
            assertThat(ask(alice, cancelOf(job))).containsExactly("f");
            assertThat(database.ask("alice", retryOf(job))).containsExactly("t");
            run();
            assertThat(look("status || attempts")).containsExactly("failed2");
        }
    }

    @Test
    void a_failure_that_is_held_open_does_not_hold_up_another_that_pauses_the_same_name() throws SQLException {
        enqueue("bob", "SELECT 1/0", "on_failure => 'pause'");
        var open = enqueue("alice", "SELECT 1/0", "on_failure => 'pause'");
        try (var alice = database.as("alice")) {
            execute(
                    alice,
                    "BEGIN",
                    "SELECT worker_pool.finish(c.id, c.token, 'failed', now(), NULL, '', '')"
                            + " FROM worker_pool.claim('foo', " + (open - 1) + ", NULL) c");
            run();
            assertThat(database.look("SELECT failed_job < " + open + " FROM worker_pool.paused"))
                    .containsExactly("t");
            execute(alice, "COMMIT");
        }
        assertThat(look("status")).containsExactly("failed", "failed");
        assertThat(database.look("SELECT state FROM worker_pool.workers")).containsExactly("Paused");
        enqueue("alice", effect("behind"), "");
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.resume('foo')");
        run();
        assertThat(effects()).containsExactly("behind");
    }

    @Test
    void a_retry_that_is_held_open_does_not_hold_up_the_jobs_of_others() throws Exception {
        var failed = submit("SELECT 1/0");
        run();
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN");
            assertThat(ask(alice, retryOf(failed))).containsExactly("t");
            enqueue("bob", effect("of bob"), "");
            run();
            assertThat(effects()).containsExactly("of bob");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "REPEATABLE READ, cancel",
        "SERIALIZABLE, cancel",
        "REPEATABLE READ, retry",
        "SERIALIZABLE, retry",
    })
    void a_transaction_with_an_old_snapshot_is_told_so_and_not_something_wrong(String isolation, String call)
            throws SQLException {
        var job = submit(call.equals("retry") ? "SELECT 1/0" : "SELECT 1");
        if (call.equals("retry")) {
            run();
        }
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN ISOLATION LEVEL " + isolation, "SELECT FROM worker_pool.jobs");
            if (call.equals("retry")) {
                database.ask("alice", retryOf(job));
            }
            run();
            assertThat(refusal(alice, "SELECT worker_pool." + call + "(" + job + ")"))
                    .startsWith("40001");
        }
        assertThat(look("status")).containsExactly(call.equals("retry") ? "failed" : "done");
    }

    @ParameterizedTest
    @ValueSource(strings = {"REPEATABLE READ", "SERIALIZABLE"})
    void a_running_job_is_cancelled_by_a_transaction_of_any_isolation(String isolation) throws Exception {
        var job = submit(SLOW);
        var worker = start();
        awaitPending(job);
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN ISOLATION LEVEL " + isolation);
            assertThat(ask(alice, cancelOf(job))).containsExactly("t");
            execute(alice, "COMMIT");
        }
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status")).containsExactly("cancelled");
    }

    @Test
    void two_who_cancel_at_once_are_told_the_same() throws Exception {
        var waiting = submit(SLOW);
        try (var first = database.as("alice");
                var second = database.as("alice")) {
            execute(first, "BEGIN");
            assertThat(ask(first, cancelOf(waiting))).containsExactly("t");
            var answer = CompletableFuture.supplyAsync(() -> answer(second, cancelOf(waiting)));
            assertThat(answer.get()).isEqualTo("t");
            execute(first, "COMMIT");
        }
        assertThat(look("status")).containsExactly("cancelled");
        var running = submit(SLOW);
        var worker = start();
        awaitPending(running);
        try (var first = database.as("alice");
                var second = database.as("alice")) {
            execute(first, "BEGIN");
            assertThat(ask(first, cancelOf(running))).containsExactly("t");
            var answer = CompletableFuture.supplyAsync(() -> answer(second, cancelOf(running)));
            execute(first, "COMMIT");
            assertThat(answer.get()).isIn("t", "f");
        }
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status")).containsExactly("cancelled", "cancelled");
    }

    private static String answer(Connection session, String call) {
        try {
            return ask(session, call).getFirst();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void cancel_and_retry_work_in_the_transaction_of_the_submit() throws SQLException {
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN");
            var cancelled = Long.parseLong(ask(alice, "SELECT worker_pool.enqueue('foo', ?)", effect("cancelled"))
                    .getFirst());
            var retried = Long.parseLong(ask(alice, "SELECT worker_pool.enqueue('foo', ?)", effect("retried"))
                    .getFirst());
            assertThat(ask(alice, cancelOf(cancelled))).containsExactly("t");
            assertThat(ask(alice, cancelOf(cancelled))).containsExactly("f");
            assertThat(ask(alice, cancelOf(retried))).containsExactly("t");
            assertThat(ask(alice, retryOf(retried))).containsExactly("t");
            execute(alice, "COMMIT");
        }
        run();
        assertThat(look("status")).containsExactly("cancelled", "done");
        assertThat(effects()).containsExactly("retried");
    }

    @Test
    void only_what_failed_or_was_cancelled_is_retried() throws Exception {
        var done = submit("SELECT 1");
        run();
        var running = submit("SELECT pg_sleep(1)");
        var waiting = submit("SELECT 1");
        var scheduled = enqueue("alice", "SELECT 1", "run_at => now() + interval '1 h'");
        var worker = start();
        awaitPending(running);
        for (var job : List.of(done, running, waiting, scheduled, -1L, Long.MAX_VALUE, Long.MIN_VALUE)) {
            assertThat(database.ask("alice", retryOf(job))).as("job %d", job).containsExactly("f");
        }
        for (var job : List.of("NULL", "-1", "9223372036854775807", "-9223372036854775808")) {
            assertThat(database.ask("alice", "SELECT worker_pool.cancel(" + job + ")"))
                    .containsExactly("f");
        }
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status || attempts")).containsExactly("done1", "done1", "done1", "waiting0");
    }

    @Test
    void a_stale_request_does_not_end_a_job_that_is_retried() throws SQLException {
        var job = submit("SELECT 1/0");
        run();
        database.execute(QueueDatabase.OPERATOR, "INSERT INTO worker_pool.cancel_request VALUES (" + job + ")");
        assertThat(database.ask("alice", retryOf(job))).containsExactly("t");
        run();
        assertThat(look("status || attempts")).containsExactly("failed2");
    }

    // what a job does to itself and its neighbours

    @Test
    void a_job_that_cancels_itself_fails_and_leaves_no_effect() throws SQLException {
        submit("INSERT INTO effect (v) VALUES ('a');"
                + " SELECT worker_pool.cancel(substring(current_setting('application_name') from '\\d+$')::bigint)");
        submit(effect("behind"));
        run();
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("failed 55006", "done");
        assertThat(effects()).containsExactly("behind");
    }

    /** It would not be seen to run any more, and nobody could cancel it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "worker_pool.finish(%s, 0, 'done', now(), 0, NULL, NULL)",
                "worker_pool.finish(%s, 0, 'failed', now(), 0, 'made up', 'AAAAA')"
            })
    void a_job_can_not_end_itself_and_go_on(String end) throws SQLException {
        var own = "substring(current_setting('application_name') from '\\d+$')::bigint";
        enqueue("alice", "SELECT " + end.formatted(own) + "; " + SLOW, "");
        enqueue("alice", "SELECT " + end.formatted(own) + "; " + SLOW, "timeout => '30 s'");
        enqueue(
                "alice",
                "DO $$ BEGIN PERFORM " + end.formatted(own) + "; COMMIT; PERFORM pg_sleep(60); END $$",
                "autocommit => true");
        submit(effect("behind"));
        run();
        assertThat(look("concat_ws(' ', status, attempts, sqlstate)"))
                .containsExactly("failed 1 55000", "failed 1 55000", "failed 1 55000", "done 1");
    }

    /** Whatever it catches. */
    @Test
    void a_job_that_tried_to_end_itself_is_still_seen_and_cancelled() throws Exception {
        var job = submit("DO $$ BEGIN BEGIN PERFORM worker_pool.finish("
                + "substring(current_setting('application_name') from '\\d+$')::bigint, 0, 'done', now(), 0, NULL, NULL);"
                + " EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM pg_sleep(60); END $$");
        var worker = start();
        awaitPending(job);
        assertThat(database.ask("alice", cancelOf(job))).containsExactly("t");
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("cancelled 57014");
    }

    @Test
    void a_session_of_the_submitter_that_ends_a_running_job_by_hand_is_refused_at_once() throws Exception {
        var job = submit(SLOW);
        var worker = start();
        awaitPending(job);
        assertThat(database.refusal(
                        "alice", "SELECT worker_pool.finish(" + job + ", 0, 'failed', now(), NULL, NULL, NULL)"))
                .isEqualTo("55000 Job " + job + " was not claimed in this transaction");
        assertThat(database.ask("alice", cancelOf(job))).containsExactly("t");
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status")).containsExactly("cancelled");
    }

    /** The claim was rolled back, but its transaction was not. */
    @Test
    void a_token_without_its_row_holds_up_neither_the_job_nor_its_cancel() throws Exception {
        var job = submit(SLOW);
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN", "SAVEPOINT a");
            var token = QueueDatabase.ask(alice, "SELECT c.token FROM worker_pool.claim('foo', 0, NULL) c")
                    .getFirst();
            execute(alice, "ROLLBACK TO a");
            var worker = start();
            awaitPending(job);
            assertThat(QueueDatabase.refusal(
                            alice,
                            "SELECT worker_pool.finish(" + job + ", " + token + ", 'done', now(), 0, NULL, NULL)"))
                    .startsWith("55P03");
            assertThat(database.ask("alice", cancelOf(job))).containsExactly("t");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        }
        assertThat(look("status")).containsExactly("cancelled");
    }

    /** They are quick to compute rather than strong: who has two of them can find out what they are made with. */
    @Test
    void a_forged_token_ends_nobody_elses_job() throws SQLException {
        var job = database.submit("bob", "foo", "SELECT 1");
        var salt = database.look("SELECT salt FROM worker_pool.secret").getFirst();
        for (var outcome : List.of("done", "failed")) {
            assertThat(database.refusal("alice", """
                            SELECT worker_pool.finish(%1$d,
                                hashint8extended(%1$d, hashint8extended(pg_current_xact_id()::text::bigint, %2$s)),
                                '%3$s', now(), 0, 'forged', 'XXXXX')""".formatted(job, salt, outcome)))
                    .isEqualTo("55000 Job " + job + " was not claimed in this transaction");
        }
        assertThat(look("status")).containsExactly("waiting");
    }

    @Test
    void a_token_of_another_transaction_is_none() throws SQLException {
        var job = submit("SELECT 1");
        var token = database.ask("alice", "SELECT c.token FROM worker_pool.claim('foo', 0, NULL) c")
                .getFirst();
        assertThat(database.refusal(
                        "alice", "SELECT worker_pool.finish(" + job + ", " + token + ", 'done', now(), 0, NULL, NULL)"))
                .isEqualTo("55000 Job " + job + " was not claimed in this transaction");
    }

    @Test
    void a_job_may_cancel_and_retry_others_of_its_submitter_with_its_own_effect() throws SQLException {
        var failed = submit("SELECT 1/0");
        run();
        submit("SELECT worker_pool.cancel(" + (failed + 2) + "), worker_pool.retry(" + failed + ")");
        submit(effect("cancelled"));
        submit(effect("behind"));
        run();
        assertThat(look("status || attempts")).containsExactly("failed2", "done1", "cancelled0", "done1");
        assertThat(effects()).containsExactly("behind");
    }

    @Test
    void a_job_that_failed_has_cancelled_nobody() throws SQLException {
        submit("SELECT worker_pool.cancel(" + (submit("SELECT 1") + 2) + "); SELECT 1/0");
        submit(effect("behind"));
        run();
        assertThat(look("status")).containsExactly("done", "failed", "done");
    }

    @Test
    void an_autocommit_job_may_cancel_itself() throws SQLException {
        enqueue(
                "alice",
                "SELECT worker_pool.cancel(substring(current_setting('application_name') from '\\d+$')::bigint)",
                "autocommit => true");
        enqueue(
                "alice",
                "DO $$ BEGIN PERFORM worker_pool.cancel(substring(current_setting('application_name') from '\\d+$')::bigint);"
                        + " COMMIT; PERFORM pg_sleep(60); END $$",
                "autocommit => true");
        submit(effect("behind"));
        run();
        assertThat(look("status")).containsExactly("done", "cancelled", "done");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT worker_pool.begin_job('foo', 1, NULL)",
                "SELECT worker_pool.end_attempt('foo', 1, 1, NULL, NULL, false)",
                "SELECT worker_pool.attempt_failed(1, now(), '', '', true)",
                "SELECT worker_pool.await_cancel(1)",
                "SELECT worker_pool.outcome_key(1)",
                "SELECT worker_pool.settle_cancelled(NULL)",
                "SELECT worker_pool.cancel_batch('foo', 'b', 1)",
                "SELECT worker_pool.admit_due()",
                "SELECT worker_pool.cancel_workerjob(gen_random_uuid())",
                "CALL worker_pool.pause('foo')",
                "DELETE FROM worker_pool.cancel_request",
                "DELETE FROM worker_pool.paused",
                "UPDATE worker_pool.jobs SET max_attempts = 100",
            })
    void what_is_the_owners_is_refused_to_jobs_too(String statement) throws SQLException {
        submit(statement);
        submit(statement.startsWith("CALL") ? "SELECT 1" : "SET ROLE NONE; " + statement);
        enqueue("alice", statement, "autocommit => true");
        enqueue("bob", statement, "");
        run();
        assertThat(look("coalesce(sqlstate, '-')"))
                .filteredOn(state -> !state.equals("-"))
                .isNotEmpty()
                .containsOnly("42501");
        for (var role : List.of("carol", "mallory")) {
            assertThat(database.refusal(role, statement)).startsWith("42501");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET statement_timeout = 1",
                "SET lock_timeout = 1",
                "SET idle_in_transaction_session_timeout = 1",
                "SET idle_session_timeout = 1",
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
            })
    void a_jobs_settings_are_no_others_business(String setting) throws SQLException {
        for (var options : List.of("", "timeout => '1 min'", "autocommit => true")) {
            enqueue("alice", setting, options);
            enqueue("alice", effect("behind"), options);
        }
        run();
        assertThat(look("status")).hasSize(6).containsOnly("done");
        assertThat(effects()).hasSize(3);
    }

    @Test
    void a_job_that_ends_its_own_transaction_is_told_after_five_times() throws SQLException {
        if (database.look("SELECT 1 FROM pg_settings WHERE name = 'transaction_timeout'")
                .isEmpty()) {
            return;
        }
        submit("SET transaction_timeout = '10ms'; SELECT pg_sleep(60)");
        submit(effect("behind"));
        for (int turn = 0; turn < 5; turn++) {
            assertThat(workers.run("foo")).isEqualTo(Outcome.DATABASE_GONE);
        }
        run();
        assertThat(look("status || attempts")).containsExactly("failed5", "done1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "statement_timeout = 300",
                "idle_in_transaction_session_timeout = 1",
                "idle_session_timeout = 300",
                "lock_timeout = 1",
            })
    void settings_of_a_submitter_stop_neither_its_jobs_nor_their_cancel(String setting) throws Exception {
        try {
            database.asSuperuser("ALTER ROLE alice SET " + setting);
            enqueue("alice", "SELECT pg_sleep(0.4)", "");
            enqueue("alice", "SELECT pg_sleep(0.4)", "timeout => '1 min'");
            enqueue("alice", "SELECT pg_sleep(0.4)", "autocommit => true");
            var job = enqueue("alice", CATCHING, "");
            var worker = start();
            awaitPending(job);
            database.look(cancelOf(job));
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
            assertThat(look("status")).containsExactly("done", "done", "done", "cancelled");
        } finally {
            database.asSuperuser("ALTER ROLE alice RESET ALL");
        }
    }

    // strangers' locks

    @Test
    void a_stranger_who_holds_the_locks_of_control_stops_neither_a_job_nor_its_cancel() throws Exception {
        var job = submit(SLOW);
        submit(effect("behind"));
        try (var mallory = database.as("mallory")) {
            for (var key : List.of("awake_key('foo')", "barrier_key('foo')")) {
                execute(mallory, "SELECT pg_advisory_lock(worker_pool." + key + ")");
            }
            var worker = start();
            awaitPending(job);
            assertThat(database.ask("alice", cancelOf(job))).containsExactly("t");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
            assertThat(look("status")).containsExactly("cancelled", "done");
            assertThat(database.ask("alice", retryOf(job))).containsExactly("t");
            assertThat(database.ask("alice", cancelOf(job))).containsExactly("t");
        }
    }

    @Test
    void a_job_that_holds_the_lock_of_its_own_outcome_makes_its_cancel_fail_and_not_lie() throws Exception {
        var job = submit("SELECT pg_advisory_xact_lock(v::bigint) FROM effect; SELECT pg_advisory_xact_lock(4811)");
        database.asSuperuser("INSERT INTO public.effect (v) VALUES (worker_pool.outcome_key(" + job + "))");
        try (var gate = database.asSuperuser()) {
            execute(gate, "SELECT pg_advisory_lock(4811)");
            var worker = start();
            await(() -> database.look("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                    .equals(List.of("1")));
            assertThat(database.refusal(QueueDatabase.OPERATOR, "SELECT worker_pool.cancel_job(" + job + ", 1)"))
                    .isEqualTo(
                            "55P03 Job " + job + " is about to end, or to be cancelled, in a transaction that goes on");
            execute(gate, "SELECT pg_advisory_unlock(4811)");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        }
        assertThat(look("status")).containsExactly("done");
    }

    /** With it, they could make somebody else's cancel fail. */
    @ParameterizedTest
    @ValueSource(strings = {"alice", "mallory"})
    void nobody_can_tell_the_key_of_an_outcome(String role) throws SQLException {
        assertThat(database.refusal(role, "SELECT worker_pool.outcome_key(1)")).startsWith("42501");
        assertThat(database.refusal(role, "SELECT seed FROM worker_pool.secret"))
                .startsWith("42501");
    }

    @Test
    void a_waiting_job_that_is_being_cancelled_does_not_look_as_if_it_ran() throws Exception {
        var waiting = submit(SLOW);
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN", cancelOf(waiting));
            assertThat(look("status || attempts")).containsExactly("waiting0");
            assertThat(database.look("SELECT state FROM worker_pool.workers")).containsExactly("Waiting");
        }
        database.asSuperuser("TRUNCATE worker_pool.queued_job RESTART IDENTITY");
        var running = submit("SELECT worker_pool.cancel(2); " + SLOW);
        submit(SLOW);
        var worker = start();
        awaitPending(running);
        assertThat(look("status || attempts")).containsExactly("pending1", "waiting0");
        assertThat(database.ask("alice", cancelOf(running))).containsExactly("t");
        assertThat(database.ask("alice", cancelOf(running + 1))).containsExactly("t");
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
    }

    @Test
    void a_call_that_is_neither_cancel_nor_retry_is_refused() throws SQLException {
        submit("SELECT 1/0");
        run();
        assertThat(database.refusal(
                        "alice",
                        "INSERT INTO worker_pool.job_call (job_id, verb) SELECT id, 'retri' FROM worker_pool.jobs"))
                .isEqualTo("22023 a job can't be told to retri");
        assertThat(look("status")).containsExactly("failed");
    }

    // options

    @ParameterizedTest
    @ValueSource(
            strings = {
                "timeout => '1 microsecond'|timeout must be from 1 ms to 24 days",
                "timeout => '-10 years 3610 days'|timeout must be from 1 ms to 24 days",
                "timeout => '10 years -3590 days'|timeout must be from 1 ms to 24 days",
                "timeout => '24 days 1 microsecond'|timeout must be from 1 ms to 24 days",
                "retry_delay => '1 mon'|retry_delay must be from 0 to 1 hour",
                "retry_delay => '-1 year 360 days'|retry_delay must be from 0 to 1 hour",
                "retry_delay => '10 years -3600 days'|retry_delay must be from 0 to 1 hour",
            })
    void an_interval_is_taken_for_what_it_lasts(String row) throws SQLException {
        var option = row.substring(0, row.indexOf('|'));
        assertThat(database.refusal("alice", "CALL worker_pool.submit('foo', 'SELECT 1', " + option + ")"))
                .isEqualTo("22023 " + row.substring(row.indexOf('|') + 1));
    }

    @Test
    void a_timeout_of_a_year_less_360_days_is_one_of_some_days() throws SQLException {
        enqueue("alice", effect("a"), "timeout => '1 year -360 days'");
        run();
        assertThat(look("concat_ws(' ', status, timeout)")).containsExactly("done 126:00:00");
    }

    @Test
    void a_delay_of_a_month_less_thirty_days_is_none() throws SQLException {
        enqueue("alice", "SELECT 1/0", "max_attempts => 25, retry_delay => '-1 mon 30 days'");
        enqueue("alice", "SELECT 1/0", "max_attempts => 25, retry_delay => '1 mon -30 days'");
        run();
        assertThat(look("status || attempts")).containsExactly("failed25", "failed25");
    }

    @Test
    void the_shortest_timeout_blocks_nobody() throws SQLException {
        for (int i = 0; i < 20; i++) {
            enqueue("alice", SLOW, "timeout => '1 ms'");
        }
        enqueue("alice", effect("a"), "timeout => '24 days'");
        submit(effect("b"));
        run();
        assertThat(look("concat_ws(' ', status, attempts, sqlstate)").subList(0, 20))
                .containsOnly("failed 1 57014");
        assertThat(look("split_part(error, ':', 1)").subList(0, 20)).containsOnly("timed out");
        assertThat(effects()).containsExactly("a", "b");
    }

    @Test
    void absurd_options_are_taken_as_they_are() throws SQLException {
        enqueue("alice", effect("a"), "run_at => '-infinity'");
        enqueue("alice", effect("b"), "run_at => '294276-12-31', batch => 'b'");
        enqueue("alice", effect("c"), "max_attempts => 2147483647");
        enqueue("alice", "SELECT 1/0", "batch => repeat('b', 1000000), on_failure => 'cancel_batch'");
        enqueue("alice", effect("d"), "batch => ''");
        database.look("SELECT worker_pool.admit_due()");
        run();
        assertThat(look("status")).containsExactly("done", "waiting", "done", "failed", "done");
        assertThat(effects()).containsExactly("a", "c", "d");
    }

    // names

    @ParameterizedTest
    @ValueSource(strings = {"it's \"quoted\"", "ÿ☃🐘", "a b\tc", "$1; DROP SCHEMA worker_pool", "\\", " "})
    void a_name_of_any_characters_is_paused_and_resumed(String name) throws SQLException {
        try (var operator = database.as(QueueDatabase.OPERATOR)) {
            call(operator, "CALL worker_pool.pause(?)", name);
            call(operator, "CALL worker_pool.pause(?)", name);
            var job = database.submit("alice", name, effect("a"));
            assertThat(workers.run(name)).isEqualTo(Outcome.DRAINED);
            assertThat(effects()).isEmpty();
            assertThat(database.ask("alice", cancelOf(job))).containsExactly("t");
            assertThat(database.ask("alice", retryOf(job))).containsExactly("t");
            call(operator, "CALL worker_pool.resume(?)", name);
            assertThat(workers.run(name)).isEqualTo(Outcome.DRAINED);
            assertThat(effects()).containsExactly("a");
            assertThat(refusal(operator, "CALL worker_pool.pause('')")).startsWith("22023");
            assertThat(refusal(operator, "CALL worker_pool.pause(NULL)")).startsWith("22004");
            assertThat(refusal(operator, "CALL worker_pool.resume(repeat('x', 64))"))
                    .startsWith("22001");
        }
    }

    private static void call(Connection session, String call, String name) throws SQLException {
        try (var statement = session.prepareStatement(call)) {
            statement.setString(1, name);
            statement.execute();
        }
    }

    @Test
    void what_failed_and_paused_its_name_runs_first_when_it_is_retried_and_the_name_resumed() throws SQLException {
        database.asSuperuser("CREATE TABLE IF NOT EXISTS public.cause ()", "DROP TABLE public.cause");
        var failed = enqueue("alice", "SELECT FROM public.cause; " + effect("a"), "on_failure => 'pause'");
        submit(effect("b"));
        run();
        database.asSuperuser("CREATE TABLE public.cause ()", "GRANT SELECT ON public.cause TO PUBLIC");
        assertThat(database.ask("alice", retryOf(failed))).containsExactly("t");
        run();
        assertThat(effects()).isEmpty();
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.resume('foo')");
        run();
        assertThat(effects()).containsExactly("a", "b");
    }

    // roles

    @Test
    void a_login_with_one_connection_runs_jobs_and_ends_those_that_go_on_regardless() throws Exception {
        try {
            database.asSuperuser("ALTER ROLE \"wp$bob\" CONNECTION LIMIT 1");
            enqueue("bob", effect("a"), "");
            enqueue("bob", effect("b"), "autocommit => true");
            enqueue("bob", effect("c"), "");
            enqueue("bob", CATCHING, "timeout => '100 ms'");
            var job = enqueue("bob", CATCHING, "");
            enqueue("bob", effect("d"), "");
            var worker = CompletableFuture.supplyAsync(this::turnsUntilNothingWaits);
            awaitPending(job);
            database.ask("bob", cancelOf(job));
            worker.get();
            assertThat(look("status")).containsExactly("done", "done", "done", "failed", "cancelled", "done");
            assertThat(effects()).containsExactly("a", "b", "c", "d");
        } finally {
            database.asSuperuser("ALTER ROLE \"wp$bob\" CONNECTION LIMIT -1");
        }
    }

    /** An own session of a login may keep the next one out for a moment. */
    private int turnsUntilNothingWaits() {
        int turns = 1;
        while (workers.run("foo") != Outcome.DRAINED) {
            turns++;
        }
        return turns;
    }

    @Test
    void an_autocommit_job_whose_role_is_dropped_goes_on_to_its_end() throws Exception {
        database.asSuperuser("DROP ROLE IF EXISTS dora");
        database.server().createLogin("dora", QueueDatabase.PASSWORD);
        database.list(List.of("alice", "bob", "dora"), List.of("alice", "wp$bob", "dora"));
        try {
            QueueDatabase.writeLogin(
                    workers.credentials().resolve("logins").resolve("dora"), "dora", QueueDatabase.PASSWORD);
            var job = enqueue("dora", "SELECT pg_sleep(1)", "autocommit => true");
            var waiting = enqueue("dora", "SELECT 1", "");
            submit(effect("behind"));
            var worker = start();
            awaitPending(job);
            database.list(List.of("alice", "bob"), List.of("alice", "wp$bob"));
            database.asSuperuser("DROP OWNED BY dora", "DROP ROLE dora");
            database.look("SELECT count(*) FROM worker_pool.demand()");
            for (var role : List.of("alice", "carol", "mallory")) {
                for (var call : List.of(cancelOf(job), retryOf(job), cancelOf(waiting))) {
                    assertThat(database.refusal(role, call)).startsWith("42501");
                }
            }
            worker.get();
            database.look("SELECT count(*) FROM worker_pool.demand()");
            run();
            assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("done", "failed 42704", "done");
        } finally {
            database.list(List.of("alice", "bob"), List.of("alice", "wp$bob"));
        }
    }
}
