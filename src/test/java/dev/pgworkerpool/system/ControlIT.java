package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.BLOCKED;
import static dev.pgworkerpool.system.RunningSystem.effect;
import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.postgres.QueueDatabase;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Job control through the front doors: the fields of a WorkerJob, and SQL, while the operator runs. */
class ControlIT {
    /** Of what is told by a notification or a timer. A sweep comes every five. */
    private static final double PROMPT_SECONDS = 3;

    private static final String OPTIONS = """
            suspend: true
            autocommit: true
            timeout: 1m
            maxAttempts: 2
            retryDelay: 3s
            runAt: "2100-01-01T00:00:00Z"
            statements: [VACUUM]
            """;

    private static RunningSystem system;
    private static WorkerJobs workerJobs;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
        workerJobs = new WorkerJobs(system);
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    // WorkerJobs

    @Test
    void with_autocommit_its_statements_run_outside_a_transaction() throws Exception {
        system.database().execute("alice", "CREATE TABLE public.shelf (id int)");
        apply(
                "concurrent",
                "autocommit: true",
                "statements: [\"CREATE INDEX CONCURRENTLY shelf_id ON public.shelf (id)\", \"VACUUM public.shelf\"]");
        workerJobs.awaitPhase("concurrent", Phase.Succeeded);
        assertThat(system.superuserLook(
                        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.shelf_id'::regclass"))
                .containsExactly("t");
    }

    @Test
    void a_statement_that_reaches_the_timeout_has_failed() throws Exception {
        apply("limited", "timeout: 500ms", "statements: [\"" + effect("limited") + "; SELECT pg_sleep(600)\"]");
        workerJobs.awaitPhase("limited", Phase.Failed);
        var failure = Objects.requireNonNull(workerJobs.status("limited").failure());
        assertThat(failure.sqlState()).isEqualTo("57014");
        assertThat(failure.message()).isEqualTo("timed out: the attempt reached the timeout of this job, 0.5 s");
        assertThat(workerJobs.reason("limited")).isEqualTo("StatementFailed");
        assertThat(system.effects("limited")).isZero();
    }

    @Test
    void between_two_attempts_it_has_no_pod_and_the_second_one_begins_when_it_is_due() throws Exception {
        try (var blocker = system.block()) {
            apply(
                    "retried",
                    "maxAttempts: 2",
                    "retryDelay: 8s",
                    "statements: [\"" + failsOnce("retried") + "; " + BLOCKED + "; " + effect("retried") + "\"]");
            workerJobs.awaitReason("retried", "Retrying");
            assertThat(workerJobs.status("retried").attempts()).isEqualTo(1);
            assertThat(workerJobs.status("retried").message())
                    .isEqualTo("statement 1 waits for another attempt: attempt 1 failed: division by zero");
            eventually().until(() -> runningPods("retried").isEmpty());
            assertThat(workerJobs.reason("retried")).isEqualTo("Retrying");

            workerJobs.awaitReason("retried", "Running");
            assertThat(turnBegan("retried", "j.not_before")).isBetween(0.0, PROMPT_SECONDS);
            assertThat(system.superuserLook(
                            "SELECT not_before - finished_at > interval '7.9 s' FROM worker_pool.queued_job"
                                    + " WHERE worker_name = 'retried'"))
                    .containsExactly("t");
        }
        workerJobs.awaitPhase("retried", Phase.Succeeded);
        assertThat(workerJobs.status("retried").attempts()).isEqualTo(2);
        assertThat(system.effects("retried")).isEqualTo(1);
        eventually()
                .untilAsserted(() -> assertThat(workerJobs.events("retried"))
                        .contains("Queued", "Started", "AttemptFailed", "Attempt", "Succeeded"));
    }

    @Test
    void with_runAt_it_begins_at_that_time() throws Exception {
        try (var blocker = system.block()) {
            apply("scheduled", "runAt: \"" + inSeconds(6) + "\"", "statements: [\"" + BLOCKED + "\"]");
            workerJobs.awaitReason("scheduled", "Scheduled");
            assertThat(workerJobs.status("scheduled").message()).startsWith("it is to run at 20");
            assertThat(workerJobs.status("scheduled").phase()).isEqualTo(Phase.Queued);

            workerJobs.awaitPhase("scheduled", Phase.Running);
            assertThat(turnBegan("scheduled", "j.run_at")).isBetween(0.0, PROMPT_SECONDS);
        }
        workerJobs.awaitPhase("scheduled", Phase.Succeeded);
    }

    @Test
    void what_is_due_later_begins_at_that_time_although_the_operator_was_killed_meanwhile() throws Exception {
        try (var blocker = system.block()) {
            apply("later", "runAt: \"" + inSeconds(20) + "\"", "statements: [\"" + BLOCKED + "\"]");
            apply(
                    "retry",
                    "maxAttempts: 2",
                    "retryDelay: 20s",
                    "statements: [\"" + failsOnce("retry") + "; " + BLOCKED + "\"]");
            workerJobs.awaitReason("later", "Scheduled");
            workerJobs.awaitReason("retry", "Retrying");
            system.surroundings().killOperator();
            var killed = databaseTime();
            system.surroundings().startOperator();
            eventually()
                    .until(() -> system.superuserLook("SELECT seen_at > '" + killed + "' FROM worker_pool.pool")
                            .equals(List.of("t")));

            var back = databaseTime();
            assertBegunWhenDue("later", "j.run_at", back);
            assertBegunWhenDue("retry", "j.not_before", back);
        }
        workerJobs.awaitPhase("later", Phase.Succeeded);
        workerJobs.awaitPhase("retry", Phase.Succeeded);
    }

    /** @param back since then the operator is about; on a slow machine that is later than the job is due */
    private static void assertBegunWhenDue(String worker, String due, String back) throws SQLException {
        workerJobs.awaitReason(worker, "Running");
        assertThat(turnBegan(worker, due)).isNotNegative();
        assertThat(turnBegan(worker, "greatest(" + due + ", '" + back + "')")).isLessThan(PROMPT_SECONDS);
    }

    /** To the job, a jump of the database's clock is one of its time. */
    @Test
    void with_runAt_it_begins_although_the_clock_has_jumped_over_that_time() throws Exception {
        apply("jump", "runAt: \"" + inSeconds(3600) + "\"", "statements: [SELECT 1]");
        workerJobs.awaitReason("jump", "Scheduled");
        assertThat(system.superuserLook("UPDATE worker_pool.queued_job SET run_at = run_at - interval '2 hours'"
                        + " WHERE worker_name = 'jump' RETURNING status"))
                .containsExactly("scheduled");
        workerJobs.awaitPhase("jump", Phase.Succeeded);
    }

    @Test
    void with_Pause_a_failure_stops_its_worker_until_that_is_resumed() throws Exception {
        applyTo("halted", "breaker", "onFailure: Pause", "statements: [SELECT 1/0]");
        workerJobs.awaitPhase("breaker", Phase.Failed);
        applyTo("halted", "next", "statements: [\"" + effect("halted") + "\"]");
        workerJobs.awaitReason("next", "Paused");
        assertThat(workerJobs.status("next").message())
                .isEqualTo("worker \"halted\" is paused, until worker_pool.resume is called");
        assertThat(workerJobs.status("next").phase()).isEqualTo(Phase.Queued);
        eventually().until(() -> runningPods("halted").isEmpty());

        resume("halted");
        workerJobs.awaitPhase("next", Phase.Succeeded);
        assertThat(workerJobs.status("breaker").phase()).isEqualTo(Phase.Failed);
        assertThat(system.effects("halted")).isEqualTo(1);
    }

    @Test
    void with_Pause_the_statements_behind_a_failed_one_wait_for_somebody_to_look() throws Exception {
        apply("halfway", "onFailure: Pause", "statements: [SELECT 1/0, \"" + effect("halfway") + "\"]");
        workerJobs.awaitReason("halfway", "Paused");
        assertThat(workerJobs.status("halfway").phase()).isEqualTo(Phase.Running);
        assertThat(workerJobs.status("halfway").failure())
                .isNotNull()
                .satisfies(failure -> assertThat(failure.statement()).isEqualTo(1));
        resume("halfway");
        workerJobs.awaitPhase("halfway", Phase.Failed);
        assertThat(workerJobs.status("halfway").done()).isEqualTo("1/2");
        assertThat(system.effects("halfway")).isEqualTo(1);
    }

    @Test
    void with_Pause_a_failed_statement_can_be_mended_and_tried_again_before_its_worker_is_resumed() throws Exception {
        apply("mended", "onFailure: Pause", "statements: [SELECT * FROM public.mended, \"" + effect("mended") + "\"]");
        workerJobs.awaitReason("mended", "Paused");
        assertThat(workerJobs.status("mended").failure()).isNotNull();
        system.database().execute("alice", "CREATE TABLE public.mended ()");
        assertThat(system.database().ask("alice", """
                        SELECT worker_pool.retry(min(id)) FROM worker_pool.jobs WHERE worker_name = 'mended'""")).containsExactly("t");
        resume("mended");
        workerJobs.awaitPhase("mended", Phase.Succeeded);
        assertThat(workerJobs.status("mended").failure()).isNull();
        assertThat(system.effects("mended")).isEqualTo(1);
    }

    @Test
    void a_statement_that_runs_can_be_cancelled_by_SQL() throws Exception {
        try (var blocker = system.block()) {
            apply("stopped", "statements: [\"" + effect("stopped") + "; " + BLOCKED + "\"]");
            workerJobs.awaitPhase("stopped", Phase.Running);
            call("cancel", "stopped");
            workerJobs.awaitPhase("stopped", Phase.Cancelled);
        }
        assertThat(workerJobs.reason("stopped")).isEqualTo("Cancelled");
        assertThat(system.effects("stopped")).isZero();
    }

    @Test
    void a_row_of_one_that_has_failed_can_be_tried_again_and_its_end_stays() throws Exception {
        apply("over", "statements: [\"" + failsOnce("over") + "; " + effect("over") + "\"]");
        workerJobs.awaitPhase("over", Phase.Failed);
        var ended = workerJobs.status("over");
        call("retry", "over");
        system.awaitEffects("over", 1);
        system.awaitStatus("over", "done");
        // Its reconciler has looked at it again.
        system.workerJobs().withName("over").edit(job -> {
            job.getMetadata().setAnnotations(Map.of("example.com/touched", "yes"));
            return job;
        });
        apply("after-over", "statements: [SELECT 1]");
        workerJobs.awaitPhase("after-over", Phase.Succeeded);
        assertThat(workerJobs.status("over")).isEqualTo(ended);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "timeout: 0s                     | timeout must be from 1 ms to 24 days",
                "timeout: 25d                    | timeout must be from 1 ms to 24 days",
                "retryDelay: 2h                  | retry_delay must be from 0 to 1 hour",
                "runAt: \"2027-02-30T00:00:00Z\" | '2027-02-30T00:00:00Z' could not be parsed",
            })
    void what_looks_right_and_cannot_be_has_failed_in_words(String option, String words) throws SQLException {
        var name = "refused-" + Integer.toHexString(option.hashCode());
        apply(name, option, "statements: [SELECT 1]");
        workerJobs.awaitPhase(name, Phase.Failed);
        assertThat(workerJobs.reason(name)).isEqualTo("StatementRefused");
        assertThat(workerJobs.status(name).message()).contains(words);
        assertThat(system.superuserLook("SELECT id FROM worker_pool.jobs WHERE worker_name = ?", name))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"timeout: soon", "maxAttempts: 0", "retryDelay: 1", "runAt: tomorrow", "onFailure: Explode"})
    void what_does_not_look_right_is_refused_by_the_API(String option) {
        assertThatThrownBy(() -> apply("wrong", option, "statements: [SELECT 1]"))
                .isInstanceOf(KubernetesClientException.class)
                .hasMessageContaining("spec." + option.substring(0, option.indexOf(':')));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "autocommit: true  | autocommit: false",
                "timeout: 1m       | timeout: 2m",
                "timeout: 1m       | ``",
                "maxAttempts: 2    | maxAttempts: 3",
                "retryDelay: 3s    | retryDelay: 4s",
                "2100-01-01        | 2101-01-01",
            })
    void its_options_cannot_be_changed(String old, String changed) {
        apply("settled", OPTIONS);
        assertThatThrownBy(() -> apply("settled", OPTIONS.replace(old, changed)))
                .isInstanceOf(KubernetesClientException.class)
                .hasMessageContaining("immutable, save suspend");
    }

    @Test
    void an_error_of_several_lines_arrives_with_its_detail_and_its_hint() {
        apply("wordy", """
                statements: ["DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = E'the first line\\\\nthe second',\
                 DETAIL = 'a detail', HINT = 'a hint'; END $$"]""");
        workerJobs.awaitPhase("wordy", Phase.Failed);
        assertThat(workerJobs.status("wordy").message()).isEqualTo("statement 1 failed: the first line");
        assertThat(Objects.requireNonNull(workerJobs.status("wordy").failure()).message())
                .isEqualTo("the first line\nthe second\nDETAIL:  a detail\nHINT:  a hint");
    }

    @Test
    void an_error_of_any_length_arrives_cut_to_a_readable_one() {
        apply("endless", """
                statements: ["DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = E'the first line\\\\n' || repeat('ä', 500000),\
                 DETAIL = repeat('d', 500000); END $$"]""");
        workerJobs.awaitPhase("endless", Phase.Failed);
        assertThat(workerJobs.status("endless").message()).isEqualTo("statement 1 failed: the first line");
        assertThat(Objects.requireNonNull(workerJobs.status("endless").failure())
                        .message())
                .startsWith("the first line\näää")
                .hasSize(8000);
    }

    // SQL

    @Test
    void the_log_of_its_Job_has_a_line_for_a_failed_job_with_its_error() throws Exception {
        var job = system.database().submit("alice", "logged", "SELECT 1/0");
        system.awaitStatus("logged", "failed");
        awaitIdle("logged");
        assertThat(system.client()
                        .batch()
                        .v1()
                        .jobs()
                        .inNamespace(system.namespace())
                        .withName(jobs("logged").getFirst())
                        .getLog())
                .containsPattern("job " + job + " failed in [0-9.]+ ms, SQLSTATE 22012: division by zero\n");
    }

    @Test
    void a_job_that_is_tried_again_starts_its_name_at_once() throws Exception {
        system.database().submit("alice", "again", "SELECT 1/0");
        for (int attempt = 1; attempt <= 4; attempt++) {
            int attempts = attempt;
            eventually().until(() -> system.attempts("again") == attempts);
            system.awaitStatus("again", "failed");
            awaitIdle("again");
            var turns = jobs("again").size();
            call("retry", "again");
            promptly().until(() -> jobs("again").size() == turns + 1);
        }
        eventually().until(() -> system.attempts("again") == 5);
    }

    @Test
    void a_paused_name_ends_the_job_that_runs_and_its_pod_and_starts_at_once_when_resumed() throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked("paused");
            system.submitEffect("paused");
            system.awaitStatus("paused", "pending");
            system.database().execute(QueueDatabase.OPERATOR, "CALL worker_pool.pause('paused')");
        }
        system.awaitEffects("paused", 1);
        awaitIdle("paused");
        system.submitEffect("paused");
        assertThat(runningPods("paused")).isEmpty();
        assertThat(system.database()
                        .look("SELECT reason FROM worker_pool.queue WHERE worker_name = 'paused' ORDER BY id"))
                .containsExactly("Paused", "WaitingForPredecessor");

        var turns = jobs("paused").size();
        resume("paused");
        promptly().until(() -> jobs("paused").size() == turns + 1);
        system.awaitEffects("paused", 3);
    }

    @Test
    void a_name_that_never_ends_lets_another_one_have_the_only_slot() throws Exception {
        system.createPool(RunningSystem.POOL, 1, "  worker: {yieldAfter: 2s}");
        try {
            system.database().execute("alice", """
                    INSERT INTO worker_pool.jobs (worker_name, query_text)
                    SELECT 'without-end', 'SELECT pg_sleep(0.1)' FROM generate_series(1, 600)""");
            system.awaitStatus("without-end", "done");
            system.submitEffect("let in");
            eventually()
                    .until(() -> system.database()
                            .look("SELECT reason FROM worker_pool.queue WHERE worker_name = 'let in'")
                            .equals(List.of("WaitingForSlot")));
            system.awaitEffects("let in", 1);
            assertThat(system.superuserLook("SELECT status FROM worker_pool.jobs WHERE worker_name = 'without-end'"))
                    .contains("waiting");
            // And it goes on.
            eventually().until(() -> jobs("without-end").size() >= 2);
        } finally {
            system.database().execute("alice", """
                    SELECT worker_pool.cancel(id) FROM worker_pool.jobs
                    WHERE worker_name = 'without-end' AND status IN ('waiting', 'pending')""");
            system.createPool(RunningSystem.POOL, 8, "");
        }
        system.awaitAllEnded();
    }

    /** A statement that fails at its first attempt and not at its second. */
    private static String failsOnce(String name) throws SQLException {
        system.database().execute("alice", "CREATE SEQUENCE public.attempts_of_" + name);
        return "SELECT 1 / (nextval('public.attempts_of_" + name + "') - 1)";
    }

    /** By alice, for the only job of this name. */
    private static void call(String function, String worker) throws SQLException {
        assertThat(system.database()
                        .ask(
                                "alice",
                                "SELECT worker_pool." + function + "(id) FROM worker_pool.jobs WHERE worker_name = ?",
                                worker))
                .containsExactly("t");
    }

    private static void resume(String worker) throws SQLException {
        system.database().execute(QueueDatabase.OPERATOR, "CALL worker_pool.resume('" + worker + "')");
    }

    private static String inSeconds(int seconds) {
        return Instant.now().plusSeconds(seconds).toString();
    }

    private static String databaseTime() throws SQLException {
        return system.superuserLook("SELECT clock_timestamp()").getFirst();
    }

    /** How many seconds after this time the turn began that the last job of this name runs in, by the database's clock. */
    private static double turnBegan(String worker, String time) throws SQLException {
        return Double.parseDouble(system.superuserLook(
                        "SELECT extract(epoch FROM w.turn_since - " + time + ")"
                                + " FROM worker_pool.queued_job j JOIN worker_pool.worker w USING (worker_name)"
                                + " WHERE worker_name = ? AND j.id = w.current_job",
                        worker)
                .getFirst());
    }

    /** Until its turn has ended, as far as the operator knows. */
    private static void awaitIdle(String worker) {
        eventually()
                .alias(worker + " is idle")
                .until(() -> system.superuserLook(
                                "SELECT job_name IS NULL FROM worker_pool.worker WHERE worker_name = ?", worker)
                        .equals(List.of("t")));
    }

    private static ConditionFactory promptly() {
        return eventually().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofMillis((long)
                (PROMPT_SECONDS * 1000)));
    }

    /** Names of the Kubernetes Jobs of this worker. */
    private static List<String> jobs(String worker) {
        return system.jobs().stream()
                .map(job -> job.getMetadata().getName())
                .filter(name -> name.startsWith(RunningSystem.POOL + "-" + worker + "-"))
                .toList();
    }

    private static List<String> runningPods(String worker) {
        return system.runningPods().stream()
                .map(pod -> pod.getMetadata().getName())
                .filter(name -> name.startsWith(RunningSystem.POOL + "-" + worker + "-"))
                .toList();
    }

    /** One of alice's, for the worker of the same name. */
    private static void apply(String worker, String... spec) {
        applyTo(worker, worker, spec);
    }

    private static void applyTo(String worker, String name, String... spec) {
        workerJobs.apply(name, "worker: " + worker, "role: alice", String.join("\n", spec));
    }
}
