package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cancel, retry, attempts, time limits, pause, batches, schedule and yielding, as one worker and its database see them. */
class ControlTest extends OneWorkerTest {
    private static final String WORKER_JOB = "00000000-0000-0000-0000-000000000001";
    private static final String EFFECT = "INSERT INTO effect (v) VALUES ('%s')";

    private static long enqueue(String query, String options) throws SQLException {
        return Long.parseLong(database.ask(
                        "alice",
                        "SELECT worker_pool.enqueue('foo', ?" + (options.isEmpty() ? "" : ", " + options) + ")",
                        query)
                .getFirst());
    }

    private static String effect(String v) {
        return EFFECT.formatted(v);
    }

    private static boolean cancel(long job) throws SQLException {
        return database.ask("alice", "SELECT worker_pool.cancel(" + job + ")").equals(List.of("t"));
    }

    private static boolean retry(long job) throws SQLException {
        return database.ask("alice", "SELECT worker_pool.retry(" + job + ")").equals(List.of("t"));
    }

    private CompletableFuture<Outcome> start() {
        return CompletableFuture.supplyAsync(() -> workers.run("foo"));
    }

    private static void awaitStatus(long job, String status) {
        await(() -> database.look("SELECT status FROM worker_pool.jobs WHERE id = " + job)
                .equals(List.of(status)));
    }

    // cancel

    @Test
    void a_waiting_job_is_cancelled_at_once_and_never_runs() throws SQLException {
        var job = submit(effect("cancelled"));
        submit(effect("next"));
        assertThat(cancel(job)).isTrue();
        assertThat(look("status")).containsExactly("cancelled", "waiting");
        run();
        assertThat(effects()).containsExactly("next");
        assertThat(cancel(job)).isFalse();
    }

    @Test
    void a_running_job_is_interrupted_and_its_effect_is_rolled_back() throws Exception {
        var job = submit(effect("cancelled") + "; SELECT pg_sleep(60)");
        submit(effect("next"));
        var worker = start();
        awaitStatus(job, "pending");
        assertThat(cancel(job)).isTrue();
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("cancelled 57014", "done");
        assertThat(effects()).containsExactly("next");
        assertThat(database.look("SELECT count(*) FROM worker_pool.cancel_request"))
                .containsExactly("0");
    }

    @Test
    void a_running_job_is_interrupted_also_where_its_login_was_another_roles_before() throws Exception {
        database.asSuperuser("DELETE FROM worker_pool.login");
        database.list(List.of("wp$bob"), List.of("wp$bob"));
        database.list(List.of("alice", "bob"), List.of("alice", "wp$bob"));
        var job = database.submit("bob", "foo", "SELECT pg_sleep(600)");
        var worker = start();
        awaitStatus(job, "pending");
        assertThat(database.ask("bob", "SELECT worker_pool.cancel(" + job + ")"))
                .containsExactly("t");
        assertThat(worker.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("cancelled 57014");
    }

    /** Once in five times at least: the machine may be busy. */
    @Test
    void a_running_job_is_interrupted_within_a_second() throws Exception {
        var seconds = new ArrayList<Double>();
        for (int i = 0; i < 5 && seconds.stream().noneMatch(each -> each < 1); i++) {
            var job = submit("SELECT pg_sleep(60)");
            var worker = start();
            awaitStatus(job, "pending");
            var asked = database.look("SELECT clock_timestamp()").getFirst();
            assertThat(cancel(job)).isTrue();
            worker.get();
            seconds.add(Double.valueOf(database.look("SELECT extract(epoch FROM finished_at - '" + asked
                            + "') FROM worker_pool.jobs" + " WHERE id = " + job)
                    .getFirst()));
        }
        assertThat(seconds).anyMatch(each -> each < 1);
    }

    @Test
    void a_job_that_catches_its_cancel_is_ended_with_its_session() throws Exception {
        var job = submit(CATCHING);
        submit(effect("next"));
        var worker = start();
        awaitSleep();
        assertThat(cancel(job)).isTrue();
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("concat_ws(' ', status, attempts, sqlstate, error)"))
                .containsExactly("cancelled 1 57014 cancelled: its session was ended", "done 1");
        assertThat(look("started_at")).doesNotContainNull();
    }

    /** Its transaction has the lock of the outcome, then fails, and the one that cancels gets it. */
    @Test
    void a_job_that_is_cancelled_while_its_COMMIT_fails_ends_once() throws Exception {
        createLateTrigger("PERFORM pg_sleep(1); RAISE 'too late';");
        try {
            var job = submit("INSERT INTO public.late VALUES (1)");
            submit(effect("next"));
            var worker = start();
            await(() -> !database.look(
                            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND objsubid = 1"
                                    + " AND ((classid::bigint << 32) | objid::bigint) = worker_pool.outcome_key(" + job
                                    + ")")
                    .isEmpty());
            var cancelled = cancel(job);
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
            assertThat(look("status")).containsExactly(cancelled ? "cancelled" : "failed", "done");
        } finally {
            dropLateTrigger();
        }
    }

    @Test
    void a_job_in_the_middle_of_a_batch_is_cancelled_and_no_other() throws Exception {
        submit(effect("a"));
        submit(effect("b"));
        var job = submit(effect("c") + "; SELECT pg_sleep(60)");
        submit(effect("d"));
        submit(effect("e"));
        var worker = start();
        awaitStatus(job, "pending");
        assertThat(cancel(job)).isTrue();
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status")).containsExactly("done", "done", "cancelled", "done", "done");
        assertThat(effects()).containsExactly("a", "b", "d", "e");
    }

    @Test
    void a_cancel_that_is_rolled_back_was_none() throws Exception {
        var job = submit(effect("a") + "; SELECT pg_sleep(1)");
        var worker = start();
        awaitStatus(job, "pending");
        try (var alice = database.as("alice")) {
            QueueDatabase.execute(alice, "BEGIN", "SELECT worker_pool.cancel(" + job + ")");
            assertThat(worker).isNotDone();
            awaitRowLock();
            QueueDatabase.execute(alice, "ROLLBACK");
        }
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status")).containsExactly("done");
        assertThat(effects()).containsExactly("a");
    }

    @Test
    void the_time_of_a_job_does_not_pass_while_it_waits_for_a_cancel_that_is_rolled_back() throws Exception {
        var job = enqueue(effect("a"), "timeout => '300 ms'");
        try (var alice = database.as("alice")) {
            QueueDatabase.execute(alice, "BEGIN", "SELECT worker_pool.cancel(" + job + ")");
            var worker = start();
            awaitRowLock();
            TimeUnit.SECONDS.sleep(1);
            QueueDatabase.execute(alice, "ROLLBACK");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        }
        assertThat(look("status")).containsExactly("done");
    }

    @Test
    void a_job_that_was_done_in_time_has_not_timed_out_because_of_a_cancel_that_is_rolled_back() throws Exception {
        var job = enqueue(effect("a") + "; SELECT pg_sleep(0.6)", "timeout => '1 s'");
        var worker = start();
        awaitStatus(job, "pending");
        try (var alice = database.as("alice")) {
            QueueDatabase.execute(alice, "BEGIN", "SELECT worker_pool.cancel(" + job + ")");
            awaitRowLock();
            TimeUnit.MILLISECONDS.sleep(1500);
            QueueDatabase.execute(alice, "ROLLBACK");
        }
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status || attempts")).containsExactly("done1");
        assertThat(effects()).containsExactly("a");
    }

    @Test
    void a_job_that_comes_to_its_end_in_a_paused_name_is_cancelled_all_the_same() throws Exception {
        var job = submit(effect("a") + "; SELECT pg_sleep(0.5)");
        var worker = start();
        awaitStatus(job, "pending");
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.pause('foo')");
        try (var alice = database.as("alice")) {
            QueueDatabase.execute(alice, "BEGIN", "SELECT worker_pool.cancel(" + job + ")");
            awaitRowLock();
            QueueDatabase.execute(alice, "COMMIT");
        }
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(outcomes()).containsExactly("cancelled 57014 canceling statement due to user request");
        assertThat(effects()).isEmpty();
    }

    @Test
    void a_name_that_is_paused_while_its_next_job_waits_for_a_cancel_that_is_rolled_back_stops() throws Exception {
        submit(effect("a"));
        var slow = submit("SELECT pg_sleep(0.5)");
        var job = submit(effect("b"));
        try (var alice = database.as("alice")) {
            QueueDatabase.execute(alice, "BEGIN", "SELECT worker_pool.cancel(" + job + ")");
            var worker = start();
            awaitStatus(slow, "done");
            awaitRowLock();
            database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.pause('foo')");
            QueueDatabase.execute(alice, "ROLLBACK");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        }
        assertThat(look("status")).containsExactly("done", "done", "waiting");
    }

    @Test
    void a_job_can_be_cancelled_although_the_session_that_watches_it_was_lost() throws Exception {
        var job = submit(effect("a") + "; SELECT pg_sleep(60)");
        submit(effect("next"));
        var worker = start();
        awaitStatus(job, "pending");
        TimeUnit.MILLISECONDS.sleep(500);
        try (var admin = database.asSuperuser()) {
            assertThat(
                            QueueDatabase.ask(
                                    admin,
                                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                            + " WHERE application_name = 'worker_pool pod-foo' AND datname = current_database()"))
                    .containsExactly("t");
        }
        assertThat(cancel(job)).isTrue();
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status")).containsExactly("cancelled", "done");
    }

    @Test
    void a_short_job_of_a_batch_that_is_cancelled_ends_as_such_and_the_batch_goes_on() throws Exception {
        submit(effect("a"));
        submit(effect("b"));
        var job = submit(effect("c") + "; SELECT pg_sleep(0.2)");
        submit(effect("d"));
        var worker = start();
        awaitStatus(job, "pending");
        assertThat(cancel(job)).isTrue();
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("concat_ws(' ', status, attempts, sqlstate)"))
                .containsExactly("done 1", "done 1", "cancelled 1 57014", "done 1");
        assertThat(effects()).containsExactly("a", "b", "d");
        assertThat(database.look("SELECT jobs_done FROM worker_pool.worker")).containsExactly("3");
    }

    @Test
    void either_the_cancel_or_the_end_wins_and_the_answer_is_what_the_row_says() throws Exception {
        var wrong = new ArrayList<String>();
        try (var alice = database.as("alice")) {
            for (int round = 0; round < 60; round++) {
                var job = submit("INSERT INTO effect (v) VALUES ('%d'); SELECT pg_sleep(0.02)".formatted(round));
                submit(effect("behind " + round));
                var worker = start();
                await(() -> !database.look(
                                "SELECT id FROM worker_pool.jobs WHERE id = " + job + " AND status <> 'waiting'")
                        .isEmpty());
                var until = System.nanoTime() + ThreadLocalRandom.current().nextLong(30_000_000);
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                var cancelled = QueueDatabase.ask(alice, "SELECT worker_pool.cancel(" + job + ")")
                        .getFirst();
                assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
                var row = database.look("SELECT status FROM worker_pool.jobs WHERE id = " + job)
                        .getFirst();
                var there = effects().contains(Integer.toString(round));
                if (cancelled.equals("t") != row.equals("cancelled") || there != row.equals("done")) {
                    wrong.add(cancelled + " " + row + " " + there);
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(effects()).filteredOn(v -> v.startsWith("behind")).hasSize(60);
    }

    @Test
    void only_the_submitter_its_members_and_the_owner_may_cancel_or_retry() throws SQLException {
        var job = submit(effect("a"));
        for (var call : List.of("cancel", "retry")) {
            assertThat(database.refusal("bob", "SELECT worker_pool." + call + "(" + job + ")"))
                    .isEqualTo("42501 job " + job + " belongs to another role");
            assertThat(database.refusal("mallory", "SELECT worker_pool." + call + "(" + job + ")"))
                    .startsWith("42501");
        }
        assertThat(database.ask("carol", "SELECT worker_pool.cancel(" + job + ")"))
                .containsExactly("t");
        assertThat(database.ask("carol", "SELECT worker_pool.retry(" + job + ")"))
                .containsExactly("t");
        assertThat(database.look("SELECT worker_pool.cancel(" + job + ")")).containsExactly("t");
        assertThat(database.ask("mallory", "SELECT worker_pool.cancel(-1)")).containsExactly("f");
    }

    @Test
    void nobody_can_call_in_somebody_elses_name() throws SQLException {
        var job = submit(effect("a"));
        assertThat(database.refusal(
                        "bob", "INSERT INTO worker_pool.job_call (job_id, verb, caller) VALUES (1, 'cancel', 'alice')"))
                .startsWith("42501");
        assertThat(database.refusal("bob", "SELECT worker_pool.cancel_job(" + job + ", 1)"))
                .startsWith("42501");
        assertThat(database.refusal("bob", "SELECT worker_pool.retry_job(" + job + ")"))
                .startsWith("42501");
        assertThat(database.refusal("bob", "INSERT INTO worker_pool.cancel_request VALUES (" + job + ")"))
                .startsWith("42501");
        assertThat(database.look("SELECT count(*) FROM worker_pool.job_call")).containsExactly("0");
    }

    @Test
    void a_cancelled_job_whose_worker_died_does_not_begin_again() throws SQLException {
        var job = submit(effect("a"));
        try (var session = database.as("alice")) {
            QueueDatabase.execute(session, "BEGIN", "SELECT worker_pool.claim('foo', 0, NULL)");
            assertThat(cancel(job)).isTrue();
            assertThat(look("status")).containsExactly("pending");
        }
        await(() -> look("status").equals(List.of("waiting")));
        run();
        assertThat(look("status")).containsExactly("cancelled");
        assertThat(effects()).isEmpty();
    }

    @Test
    void the_operator_settles_a_cancelled_job_whose_worker_died() throws SQLException {
        var job = submit(effect("a"));
        try (var session = database.as("alice")) {
            QueueDatabase.execute(session, "BEGIN", "SELECT worker_pool.claim('foo', 0, NULL)");
            assertThat(cancel(job)).isTrue();
            database.look("SELECT count(*) FROM worker_pool.demand()");
            assertThat(look("status")).containsExactly("pending");
        }
        await(() -> look("status").equals(List.of("waiting")));
        database.look("SELECT count(*) FROM worker_pool.demand()");
        assertThat(look("status")).containsExactly("cancelled");
        assertThat(database.look("SELECT count(*) FROM worker_pool.cancel_request"))
                .containsExactly("0");
    }

    // retry

    @Test
    void a_failed_job_waits_again_at_its_old_place() throws SQLException {
        var failed = submit("INSERT INTO effect (v) SELECT 'a' WHERE 1 / (SELECT count(*) FROM effect) > 0");
        submit(effect("b"));
        run();
        assertThat(look("status")).containsExactly("failed", "done");
        submit(effect("c"));
        assertThat(retry(failed)).isTrue();
        assertThat(retry(failed)).isFalse();
        assertThat(look("status")).containsExactly("waiting", "done", "waiting");
        run();
        assertThat(look("status || attempts")).containsExactly("done2", "done1", "done1");
        assertThat(effects()).containsExactly("b", "a", "c");
    }

    @Test
    void a_retried_job_has_all_its_attempts_again() throws SQLException {
        var job = enqueue("SELECT 1/0", "max_attempts => 2, retry_delay => '0 s'");
        run();
        assertThat(look("status || attempts")).containsExactly("failed2");
        assertThat(retry(job)).isTrue();
        run();
        assertThat(look("status || attempts")).containsExactly("failed4");
    }

    // attempts

    @Test
    void a_job_is_tried_again_in_its_place_until_it_succeeds() throws SQLException {
        resetTries();
        enqueue(
                "SELECT 1 / (nextval('tries') / 3); INSERT INTO effect (v) VALUES ('third')",
                "max_attempts => 5, retry_delay => '0 s'");
        submit(effect("behind"));
        run();
        assertThat(look("status || attempts")).containsExactly("done3", "done1");
        assertThat(effects()).containsExactly("third", "behind");
        assertThat(database.look("SELECT sqlstate FROM worker_pool.jobs ORDER BY id LIMIT 1"))
                .containsExactly("22012");
    }

    @Test
    void the_start_of_a_second_attempt_is_its_own() throws Exception {
        resetTries();
        var job = enqueue(
                "DO $$ BEGIN IF nextval('public.tries') = 1 THEN RAISE 'first'; END IF; PERFORM pg_sleep(1.5); END $$",
                "max_attempts => 2, retry_delay => '0 s'");
        var worker = start();
        await(() -> database.look("SELECT status || attempts FROM worker_pool.jobs WHERE id = " + job
                        + " AND started_at > finished_at")
                .equals(List.of("pending2")));
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status || attempts")).containsExactly("done2");
    }

    /** Attempts that count themselves: a sequence knows no rollback. */
    private static void resetTries() throws SQLException {
        database.asSuperuser(
                "CREATE SEQUENCE IF NOT EXISTS public.tries",
                "GRANT ALL ON public.tries TO PUBLIC",
                "ALTER SEQUENCE public.tries RESTART");
    }

    @Test
    void between_two_attempts_the_job_keeps_the_head_and_the_worker_ends() throws SQLException {
        var job = enqueue("SELECT 1/0", "max_attempts => 3, retry_delay => '1 h'");
        submit(effect("behind"));
        run();
        assertThat(look("concat_ws(' ', status, attempts, sqlstate)")).containsExactly("waiting 1 22012", "waiting 0");
        assertThat(database.look("SELECT reason FROM worker_pool.queue ORDER BY id"))
                .containsExactly("Retrying", "WaitingForPredecessor");
        assertThat(database.look("SELECT held_ms BETWEEN 3590000 AND 3600000 FROM worker_pool.demand()"))
                .containsExactly("t");
        run();
        assertThat(effects()).isEmpty();
        assertThat(cancel(job)).isTrue();
        run();
        assertThat(effects()).containsExactly("behind");
    }

    @Test
    void the_delay_doubles_to_one_hour() throws SQLException {
        enqueue("SELECT 1/0", "max_attempts => 100, retry_delay => '20 min'");
        for (var minutes : List.of("20", "40", "60", "60")) {
            run();
            assertThat(database.look("SELECT round(extract(epoch FROM not_before - clock_timestamp()) / 60)"
                            + " FROM worker_pool.queued_job"))
                    .containsExactly(minutes);
            database.asSuperuser("UPDATE worker_pool.queued_job SET not_before = now()");
        }
    }

    // timeout

    @ParameterizedTest
    @ValueSource(ints = {100, 500})
    void an_attempt_ends_at_its_timeout(int millis) throws SQLException {
        enqueue(effect("a") + "; SELECT pg_sleep(60)", "timeout => '%d ms'".formatted(millis));
        enqueue(effect("b"), "timeout => '5 s'");
        submit(effect("c"));
        run();
        assertThat(outcomes())
                .containsExactly(
                        "failed 57014 timed out: the attempt reached the timeout of this job, " + millis / 1000.0
                                + " s",
                        "done",
                        "done");
        assertThat(effects()).containsExactly("b", "c");
    }

    /** One that has none may also be late to note when the attempt began. */
    @Test
    void a_timeout_is_exact_to_ten_milliseconds_when_the_machine_has_time() throws SQLException {
        for (int i = 0; i < 5; i++) {
            enqueue("SELECT pg_sleep(60)", "timeout => '100 ms'");
        }
        run();
        assertThat(database.look(
                        "SELECT bool_or(finished_at - started_at BETWEEN interval '90 ms' AND interval '110 ms')"
                                + " FROM worker_pool.jobs"))
                .containsExactly("t");
    }

    @Test
    void the_error_names_the_timeout_over_a_slow_link_too() throws Exception {
        try (var link = new Link(database.server().host(), database.server().port(), Duration.ofMillis(20))) {
            workers.over(link);
            enqueue("SELECT pg_sleep(60)", "timeout => '500 ms'");
            run();
        }
        assertThat(outcomes())
                .containsExactly("failed 57014 timed out: the attempt reached the timeout of this job, 0.5 s");
    }

    @Test
    void a_job_cant_lengthen_its_timeout() throws SQLException {
        enqueue("SET statement_timeout = 0; SELECT pg_sleep(60)", "timeout => '200 ms'");
        enqueue(
                "DO $$ BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END $$",
                "timeout => '200 ms'");
        enqueue(CATCHING, "timeout => '200 ms'");
        submit("SELECT pg_sleep(0.3)");
        run();
        assertThat(look("concat_ws(' ', status, sqlstate)"))
                .containsExactly("failed 57014", "failed 57014", "failed 57014", "done");
        assertThat(look("error")).filteredOn(error -> error != null).allMatch(error -> error.startsWith("timed out: "));
    }

    @Test
    void each_attempt_has_the_whole_timeout() throws SQLException {
        enqueue("SELECT pg_sleep(60)", "timeout => '200 ms', max_attempts => 2, retry_delay => '0 s'");
        run();
        assertThat(look("status || attempts")).containsExactly("failed2");
    }

    // pause

    @Test
    void a_paused_name_stops_after_the_job_that_runs_and_goes_on_when_resumed() throws Exception {
        var job = submit("SELECT pg_sleep(1)");
        submit(effect("a"));
        var worker = start();
        awaitStatus(job, "pending");
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.pause('foo')");
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        submit(effect("b"));
        assertThat(look("status")).containsExactly("done", "waiting", "waiting");
        assertThat(database.look("SELECT reason FROM worker_pool.queue ORDER BY id"))
                .containsExactly("Paused", "WaitingForPredecessor");
        assertThat(database.look("SELECT state FROM worker_pool.workers")).containsExactly("Paused");
        assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                .isEmpty();
        run();
        assertThat(effects()).isEmpty();
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.resume('foo')");
        assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                .containsExactly("foo");
        run();
        assertThat(effects()).containsExactly("a", "b");
    }

    @Test
    void an_idle_worker_of_a_paused_name_ends() throws Exception {
        var worker = CompletableFuture.supplyAsync(
                () -> workers.worker("foo", Duration.ofMinutes(5)).run());
        await(() -> !database.look("SELECT 1 FROM worker_pool.worker WHERE pod IS NOT NULL")
                .isEmpty());
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.pause('foo')");
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
    }

    @Test
    void pause_and_resume_are_for_the_owner_and_those_who_were_granted_them() throws SQLException {
        assertThat(database.refusal("alice", "CALL worker_pool.pause('foo')")).startsWith("42501");
        assertThat(database.refusal("alice", "CALL worker_pool.resume('foo')")).startsWith("42501");
        database.execute(QueueDatabase.OPERATOR, "GRANT EXECUTE ON PROCEDURE worker_pool.pause TO alice");
        database.execute("alice", "CALL worker_pool.pause('foo')");
        assertThat(database.look("SELECT worker_name FROM worker_pool.paused")).containsExactly("foo");
        database.execute(QueueDatabase.OPERATOR, "REVOKE EXECUTE ON PROCEDURE worker_pool.pause FROM alice");
    }

    // batch and on_failure

    @Test
    void a_failure_cancels_what_waits_of_its_batch_and_nothing_else() throws SQLException {
        enqueue("SELECT 1/0", "batch => 'b', on_failure => 'cancel_batch'");
        enqueue(effect("of the batch"), "batch => 'b'");
        enqueue(effect("scheduled"), "batch => 'b', run_at => now() + interval '1 h'");
        enqueue(effect("another batch"), "batch => 'c'");
        submit(effect("no batch"));
        run();
        assertThat(look("status")).containsExactly("failed", "cancelled", "cancelled", "done", "done");
    }

    @Test
    void a_batch_is_cancelled_at_the_last_attempt_only() throws SQLException {
        enqueue("SELECT 1/0", "batch => 'b', on_failure => 'cancel_batch', max_attempts => 2, retry_delay => '1 h'");
        enqueue(effect("of the batch"), "batch => 'b'");
        run();
        assertThat(look("status")).containsExactly("waiting", "waiting");
        database.asSuperuser("UPDATE worker_pool.queued_job SET not_before = now()");
        run();
        assertThat(look("status")).containsExactly("failed", "cancelled");
    }

    @Test
    void a_failure_pauses_the_name_where_it_should() throws SQLException {
        enqueue("SELECT 1/0", "on_failure => 'pause'");
        submit(effect("behind"));
        run();
        assertThat(look("status")).containsExactly("failed", "waiting");
        assertThat(database.look("SELECT worker_name FROM worker_pool.paused")).containsExactly("foo");
    }

    // run_at

    @Test
    void a_scheduled_job_blocks_nobody_and_enters_the_order_when_it_is_due() throws SQLException {
        var scheduled = enqueue(effect("scheduled"), "run_at => now() + interval '1 s'");
        submit(effect("at once"));
        assertThat(look("status")).containsExactly("waiting", "waiting");
        assertThat(database.look("SELECT concat_ws(' ', reason, position) FROM worker_pool.queue ORDER BY id"))
                .containsExactly("Scheduled", "WaitingForSlot 1");
        run();
        assertThat(effects()).containsExactly("at once");
        assertThat(database.look("SELECT worker_pool.admit_due() BETWEEN 1 AND 1000"))
                .containsExactly("t");
        await(() -> database.look("SELECT worker_pool.admit_due() IS NULL").equals(List.of("t")));
        run();
        assertThat(database.look("SELECT started_at >= run_at FROM worker_pool.jobs WHERE id = " + scheduled))
                .containsExactly("t");
        assertThat(effects()).containsExactly("at once", "scheduled");
    }

    @Test
    void a_scheduled_job_can_be_cancelled_and_retried() throws SQLException {
        var job = enqueue(effect("a"), "run_at => now() + interval '1 h'");
        assertThat(cancel(job)).isTrue();
        assertThat(look("status")).containsExactly("cancelled");
        assertThat(retry(job)).isTrue();
        assertThat(database.look("SELECT reason FROM worker_pool.queue")).containsExactly("Scheduled");
    }

    @Test
    void a_time_that_is_over_is_now() throws SQLException {
        enqueue(effect("a"), "run_at => now() - interval '1 h'");
        run();
        assertThat(effects()).containsExactly("a");
    }

    // WorkerJobs

    @Test
    void all_of_an_ended_WorkerJob_can_be_tried_again_and_is_no_part_of_it_any_more() throws SQLException {
        enqueueWorkerJob("SELECT 1/0", "SELECT 1/0");
        run();
        assertThat(look("status")).containsExactly("failed", "failed");
        database.ask("alice", "SELECT worker_pool.retry(id) FROM worker_pool.jobs ORDER BY id");
        assertThat(database.look("SELECT uid FROM worker_pool.waiting_workerjobs()"))
                .isEmpty();
        assertThat(database.look("SELECT cancelled FROM worker_pool.cancel_workerjob('" + WORKER_JOB + "')"))
                .containsExactly("0");
        assertThat(look("status")).containsExactly("waiting", "waiting");
    }

    @Test
    void what_is_tried_again_before_its_WorkerJob_has_ended_stays_a_part_of_it() throws SQLException {
        enqueueWorkerJob("SELECT 1/0");
        run();
        database.ask("alice", "SELECT worker_pool.retry(id) FROM worker_pool.jobs");
        // The operator looks at those only that have not ended.
        database.look("SELECT status FROM worker_pool.workerjob('" + WORKER_JOB + "')");
        assertThat(database.look("SELECT uid FROM worker_pool.waiting_workerjobs()"))
                .containsExactly(WORKER_JOB);
        assertThat(database.look("SELECT cancelled FROM worker_pool.cancel_workerjob('" + WORKER_JOB + "')"))
                .containsExactly("1");
    }

    private static void enqueueWorkerJob(String... statements) throws SQLException {
        database.look("SELECT worker_pool.enqueue_workerjob('" + WORKER_JOB + "', 'workerjob/ns/name', 'foo', ARRAY['"
                + String.join("', '", statements) + "'], 'alice', 'continue')");
    }

    @Test
    void the_progress_of_a_WorkerJob_tells_the_elapsed_time() throws Exception {
        enqueueWorkerJob("SELECT pg_advisory_xact_lock(4811)");
        try (var gate = database.asSuperuser()) {
            QueueDatabase.execute(gate, "SELECT pg_advisory_lock(4811)");
            var worker = start();
            await(() -> look("status").equals(List.of("pending")));
            assertThat(progressOfWorkerJob()).containsOnlyNulls();
            database.asSuperuser("UPDATE worker_pool.worker SET since = since - interval '3 min'");
            assertThat(progressOfWorkerJob()).containsExactly("for 3 min");
            QueueDatabase.execute(gate, "SELECT pg_advisory_unlock(4811)");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        }
    }

    private static List<String> progressOfWorkerJob() throws SQLException {
        return database.look("SELECT progress FROM worker_pool.workerjob('" + WORKER_JOB + "')");
    }

    // yieldAfter

    @Test
    void a_worker_that_has_held_its_slot_for_long_lets_others_have_it() throws Exception {
        database.look("SELECT worker_pool.acquire('uid', 'pool', false)");
        for (int i = 0; i < 50; i++) {
            submit("SELECT pg_sleep(0.2)");
        }
        var worker = CompletableFuture.supplyAsync(() ->
                workers.worker("foo", Duration.ZERO, Duration.ofMillis(500)).run());
        await(() -> look("status").contains("done"));
        database.submit("alice", "bar", "SELECT 1");
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status")).contains("waiting");
        assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                .containsExactly("bar", "foo");
    }

    @Test
    void without_yieldAfter_a_worker_keeps_its_slot_whoever_waits() throws SQLException {
        database.look("SELECT worker_pool.acquire('uid', 'pool', false)");
        database.submit("alice", "bar", "SELECT 1");
        for (int i = 0; i < 12; i++) {
            submit("SELECT pg_sleep(0.2)");
        }
        assertThat(workers.worker("foo", Duration.ZERO, Duration.ZERO).run()).isEqualTo(Outcome.DRAINED);
        assertThat(database.look("SELECT DISTINCT status FROM worker_pool.jobs WHERE worker_name = 'foo'"))
                .containsExactly("done");
    }

    @Test
    void no_more_workers_yield_than_names_wait() throws Exception {
        database.look("SELECT worker_pool.acquire('uid', 'pool', false)");
        database.submit("alice", "bar", "SELECT 1");
        database.asSuperuser(
                "INSERT INTO worker_pool.worker (worker_name, job_name, turn_since)"
                        + " VALUES ('foo', 'job-foo', now()), ('baz', 'job-baz', now())",
                "SELECT pg_sleep(1)");
        assertThat(database.look("SELECT worker_pool.should_end('foo')")).containsExactly("t");
        assertThat(database.look("SELECT worker_pool.should_end('baz')")).containsExactly("f");
        database.submit("alice", "qux", "SELECT 1");
        database.asSuperuser("SELECT pg_sleep(1)");
        assertThat(database.look("SELECT worker_pool.should_end('baz')")).containsExactly("t");
    }

    @Test
    void a_worker_keeps_its_slot_while_nobody_waits_for_one() throws Exception {
        database.look("SELECT worker_pool.acquire('uid', 'pool', false)");
        database.submit("alice", "bar", "SELECT 1");
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.pause('bar')");
        for (int i = 0; i < 15; i++) {
            submit("SELECT pg_sleep(0.2)");
        }
        assertThat(workers.worker("foo", Duration.ZERO, Duration.ofMillis(100)).run())
                .isEqualTo(Outcome.DRAINED);
        assertThat(database.look("SELECT DISTINCT status FROM worker_pool.jobs WHERE worker_name = 'foo'"))
                .containsExactly("done");
    }

    // options

    @ParameterizedTest
    @ValueSource(
            strings = {
                "timeout => '0'|22023 timeout must be from 1 ms to 24 days",
                "timeout => '-1 s'|22023 timeout must be from 1 ms to 24 days",
                "timeout => '1 year'|22023 timeout must be from 1 ms to 24 days",
                "max_attempts => 0|22023 max_attempts must be at least 1",
                "max_attempts => null|22004 max_attempts must not be null",
                "retry_delay => '-1 s'|22023 retry_delay must be from 0 to 1 hour",
                "retry_delay => '2 h'|22023 retry_delay must be from 0 to 1 hour",
                "run_at => 'infinity'|22023 run_at must not be infinity",
                "on_failure => 'explode'|22023 on_failure must be continue, cancel_batch or pause, not 'explode'",
                "autocommit => null|22004 autocommit must not be null",
            })
    void an_option_out_of_range_is_refused_and_nothing_is_queued(String row) throws SQLException {
        var option = row.substring(0, row.indexOf('|'));
        var refusal = row.substring(row.indexOf('|') + 1);
        assertThat(database.refusal("alice", "CALL worker_pool.submit('foo', 'SELECT 1', " + option + ")"))
                .isEqualTo(refusal);
        assertThat(database.refusal("alice", "SELECT worker_pool.enqueue('foo', 'SELECT 1', " + option + ")"))
                .isEqualTo(refusal);
        var column = option.substring(0, option.indexOf(' '));
        var value = option.substring(option.indexOf('>') + 1);
        assertThat(database.refusal(
                        "alice",
                        "INSERT INTO worker_pool.jobs (worker_name, query_text, %s) VALUES ('foo', 'SELECT 1', %s)"
                                .formatted(column, value)))
                .isEqualTo(refusal);
        assertThat(look("id")).isEmpty();
    }

    @Test
    void options_are_shown_and_can_be_inserted() throws SQLException {
        database.execute(
                "alice",
                "INSERT INTO worker_pool.jobs (worker_name, query_text, autocommit, timeout, max_attempts, retry_delay,"
                        + " run_at, batch, on_failure) VALUES ('foo', 'VACUUM', true, '1 min', 3, '1 s',"
                        + " '2100-01-01 00:00:00Z', 'b', 'pause')");
        assertThat(look(
                        "concat_ws(' ', autocommit, timeout, max_attempts, retry_delay, extract(year FROM run_at), batch,"
                                + " on_failure)"))
                .containsExactly("t 00:01:00 3 00:00:01 2100 b pause");
    }
}
