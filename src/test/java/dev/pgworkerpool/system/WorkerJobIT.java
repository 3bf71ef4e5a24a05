package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.BLOCKED;
import static dev.pgworkerpool.system.RunningSystem.effect;
import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.api.WorkerJobStatus;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of a WorkerJob, as somebody sees it who has kubectl only. */
class WorkerJobIT {
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

    @Test
    void its_statements_run_in_order_as_its_role_and_it_tells_how_it_went() throws Exception {
        workerJobs.apply("good", "worker: good", "role: bob", "statements: [\"" + effect("good") + "\", \"SELECT 2\"]");
        workerJobs.awaitPhase("good", Phase.Succeeded);

        WorkerJobStatus status = workerJobs.status("good");
        assertThat(status.done()).isEqualTo("2/2");
        assertThat(status.jobIds()).hasSize(2).isSorted();
        assertThat(status.failure()).isNull();
        assertThat(RunningSystem.ready(Objects.requireNonNull(status.conditions())))
                .isEqualTo("True Succeeded");
        assertThat(system.database()
                        .look("SELECT submitter || ' ' || origin FROM worker_pool.jobs WHERE worker_name = 'good'"))
                .containsOnly("bob workerjob/" + system.namespace() + "/good");
        eventually()
                .untilAsserted(() -> assertThat(workerJobs.events("good")).contains("Queued", "Started", "Succeeded"));
    }

    @Test
    void a_failed_statement_cancels_the_rest_and_is_told_with_its_error() throws Exception {
        workerJobs.apply(
                "bad", "worker: bad", "role: alice", "statements: [SELECT 1, SELECT 1/0, \"" + effect("bad") + "\"]");
        workerJobs.awaitPhase("bad", Phase.Failed);

        WorkerJobStatus status = workerJobs.status("bad");
        assertThat(status.done()).isEqualTo("1/3");
        assertThat(status.message()).isEqualTo("statement 2 failed: division by zero");
        assertThat(status.failure()).isNotNull().satisfies(failure -> {
            assertThat(failure.statement()).isEqualTo(2);
            assertThat(failure.sqlState()).isEqualTo("22012");
        });
        assertThat(RunningSystem.ready(Objects.requireNonNull(status.conditions())))
                .isEqualTo("False StatementFailed");
        assertThat(system.effects("bad")).isZero();
    }

    @Test
    void with_Continue_the_rest_runs_and_it_has_failed_all_the_same() throws Exception {
        workerJobs.apply(
                "continued",
                "worker: continued",
                "role: alice",
                "onFailure: Continue",
                "statements: [SELECT 1/0, \"" + effect("continued") + "\"]");
        workerJobs.awaitPhase("continued", Phase.Failed);
        assertThat(workerJobs.status("continued").done()).isEqualTo("1/2");
        assertThat(system.effects("continued")).isEqualTo(1);
    }

    @Test
    void without_its_pool_it_waits_and_deleting_it_works_at_once() {
        workerJobs.applyTo("nowhere", "lost", "worker: lost", "role: alice", "statements: [SELECT 1]");
        workerJobs.awaitReason("lost", "PoolNotFound");
        assertThat(workerJobs.status("lost").phase()).isEqualTo(Phase.Pending);
        workerJobs.delete("lost");
        workerJobs.awaitGone("lost");
    }

    @Test
    void a_role_that_may_not_is_told_and_one_that_is_left_out_needs_a_pool_with_one_login() {
        workerJobs.apply("mallory", "worker: m", "role: mallory", "statements: [SELECT 1]");
        workerJobs.apply("nobody", "worker: m", "statements: [SELECT 1]");
        workerJobs.awaitReason("mallory", "RoleNotAllowed");
        assertThat(workerJobs.status("mallory").message())
                .contains("role \"mallory\" has no login in this worker pool");
        workerJobs.awaitReason("nobody", "RoleNotAllowed");
        assertThat(workerJobs.status("nobody").message()).contains("exactly one login; this one has 2");
        workerJobs.delete("mallory");
        workerJobs.delete("nobody");
        workerJobs.awaitGone("mallory");
    }

    @Test
    void a_login_whose_Secret_is_missing_does_not_make_the_other_one_the_only_one() throws Exception {
        system.client()
                .secrets()
                .inNamespace(system.namespace())
                .withName("bob")
                .delete();
        try {
            eventually().until(() -> system.ready(RunningSystem.POOL).equals("False SecretNotFound"));
            workerJobs.apply("ambiguous", "worker: ambiguous", "statements: [\"" + effect("ambiguous") + "\"]");
            workerJobs.awaitReason("ambiguous", "RoleNotAllowed");
            assertThat(workerJobs.status("ambiguous").message()).contains("exactly one login; this one has 2");
        } finally {
            system.createSecret("bob", "wp$bob", QueueDatabase.PASSWORD);
            workerJobs.delete("ambiguous");
        }
        system.awaitReady(RunningSystem.POOL);
        assertThat(system.effects("ambiguous")).isZero();
    }

    @Test
    void a_suspended_one_is_queued_when_that_is_lifted() throws Exception {
        workerJobs.apply(
                "later", "worker: later", "role: alice", "suspend: true", "statements: [\"" + effect("later") + "\"]");
        workerJobs.awaitPhase("later", Phase.Suspended);
        assertThat(system.effects("later")).isZero();
        workerJobs.apply(
                "later", "worker: later", "role: alice", "suspend: false", "statements: [\"" + effect("later") + "\"]");
        workerJobs.awaitPhase("later", Phase.Succeeded);
        assertThat(system.effects("later")).isEqualTo(1);
    }

    /** The operator died between the queue and the status. */
    @Test
    void one_that_is_suspended_behind_its_queueing_says_how_it_is() throws Exception {
        system.surroundings().killOperator();
        workerJobs.apply("late", "worker: late", "role: alice", "suspend: true", "statements: [SELECT 1]");
        enqueue("late");
        system.surroundings().startOperator();
        workerJobs.awaitPhase("late", Phase.Succeeded);
        system.awaitEffects("late", 1);
    }

    /** By an operator that had read it before, and was slow. */
    @Test
    void one_that_is_queued_although_it_says_Suspended_says_how_it_is() throws Exception {
        workerJobs.apply("slow", "worker: slow", "role: alice", "suspend: true", "statements: [SELECT 1]");
        workerJobs.awaitPhase("slow", Phase.Suspended);
        enqueue("slow");
        workerJobs.awaitPhase("slow", Phase.Succeeded);
        system.awaitEffects("slow", 1);
    }

    /** As the operator does it. */
    private static void enqueue(String name) throws SQLException {
        system.database()
                .look(
                        "SELECT worker_pool.enqueue_workerjob('%1$s', 'workerjob/%2$s/%3$s', '%3$s', ARRAY['%4$s'], 'alice', 'continue')"
                                .formatted(
                                        system.workerJob(name).getMetadata().getUid(),
                                        system.namespace(),
                                        name,
                                        effect(name).replace("'", "''")));
    }

    @Test
    void deleting_it_cancels_what_runs_and_what_waits() throws Exception {
        try (var blocker = system.block()) {
            workerJobs.apply(
                    "deleted",
                    "worker: deleted",
                    "role: alice",
                    "statements: [\"" + effect("deleted") + "; " + BLOCKED + "\", \"" + effect("deleted") + "\"]");
            workerJobs.awaitPhase("deleted", Phase.Running);
            workerJobs.delete("deleted");
            workerJobs.awaitGone("deleted");
            awaitStatuses("deleted", "cancelled", "cancelled");
        }
        assertThat(system.effects("deleted")).isZero();
        eventually().until(() -> workerJobs.events("deleted").contains("Cancelled"));
    }

    @Test
    void deleting_one_that_is_to_run_later_cancels_it() throws Exception {
        workerJobs.apply(
                "scheduled",
                "worker: scheduled",
                "role: alice",
                "runAt: \"" + Instant.now().plusSeconds(3600) + "\"",
                "statements: [\"" + effect("scheduled") + "\"]");
        workerJobs.awaitReason("scheduled", "Scheduled");
        workerJobs.delete("scheduled");
        workerJobs.awaitGone("scheduled");
        awaitStatuses("scheduled", "cancelled");
    }

    @Test
    void deleting_one_that_waits_for_another_attempt_cancels_it() throws Exception {
        workerJobs.apply(
                "retrying",
                "worker: retrying",
                "role: alice",
                "maxAttempts: 2",
                "retryDelay: 1h",
                "statements: [SELECT 1/0, \"" + effect("retrying") + "\"]");
        workerJobs.awaitReason("retrying", "Retrying");
        workerJobs.delete("retrying");
        workerJobs.awaitGone("retrying");
        awaitStatuses("retrying", "cancelled", "cancelled");
    }

    @Test
    void deleting_one_that_runs_outside_a_transaction_cancels_it() throws Exception {
        try (var blocker = system.block()) {
            workerJobs.apply(
                    "outside",
                    "worker: outside",
                    "role: alice",
                    "autocommit: true",
                    "statements: [\"" + BLOCKED + "\", \"" + effect("outside") + "\"]");
            workerJobs.awaitPhase("outside", Phase.Running);
            workerJobs.delete("outside");
            workerJobs.awaitGone("outside");
            awaitStatuses("outside", "cancelled", "cancelled");
        }
        assertThat(system.effects("outside")).isZero();
    }

    @Test
    void many_that_are_deleted_together_are_cancelled_together() throws Exception {
        String[] cancelled = Collections.nCopies(50, "cancelled").toArray(String[]::new);
        try (var blocker = system.block()) {
            occupy("crowd");
            for (int i = 0; i < cancelled.length; i++) {
                workerJobs.apply(
                        "crowd-" + i, "worker: crowd", "role: alice", "statements: [\"" + effect("crowd") + "\"]");
            }
            eventually().until(() -> statuses("crowd").size() == 1 + cancelled.length);
            workerJobs.delete("crowd-0");
            soon().until(() -> statuses("crowd").contains("cancelled"));
            // A sweep has just looked, and comes back in a minute.
            for (int i = 1; i < cancelled.length; i++) {
                workerJobs.delete("crowd-" + i);
            }
            soon().until(() -> Collections.frequency(statuses("crowd"), "cancelled") == cancelled.length);
        }
        workerJobs.awaitPhase("crowd", Phase.Succeeded);
        assertThat(system.effects("crowd")).isZero();
    }

    @Test
    void deleted_while_the_operator_is_away_it_goes_at_once_and_what_waits_never_runs() throws Exception {
        try (var blocker = system.block()) {
            occupy("unattended");
            workerJobs.apply(
                    "orphan", "worker: unattended", "role: alice", "statements: [\"" + effect("unattended") + "\"]");
            workerJobs.awaitPhase("orphan", Phase.Queued);
            system.surroundings().killOperator();
            workerJobs.delete("orphan");
            assertThat(system.workerJobs().withName("orphan").get()).isNull();
            system.surroundings().startOperator();
            awaitStatuses("unattended", "pending", "cancelled");
        }
        workerJobs.awaitPhase("unattended", Phase.Succeeded);
        assertThat(system.effects("unattended")).isZero();
    }

    @Test
    void deleted_while_it_is_being_queued_it_never_runs() throws Exception {
        try (var blocker = system.block()) {
            occupy("hurried");
            try (var lock = system.database().asSuperuser()) {
                lock.setAutoCommit(false);
                QueueDatabase.execute(lock, "LOCK TABLE worker_pool.queued_job IN SHARE MODE");
                workerJobs.apply(
                        "late", "worker: hurried", "role: alice", "statements: [\"" + effect("hurried") + "\"]");
                eventually().until(WorkerJobIT::isBeingQueued);
                workerJobs.delete("late");
                workerJobs.awaitGone("late");
                lock.rollback();
            }
            soon().until(() -> statuses("hurried").equals(List.of("pending", "cancelled")));
        }
        workerJobs.awaitPhase("hurried", Phase.Succeeded);
        assertThat(system.effects("hurried")).isZero();
    }

    @Test
    void one_that_stays_for_the_finalizer_of_somebody_else_is_cancelled_and_never_queued() throws Exception {
        try (var blocker = system.block()) {
            occupy("marked");
            workerJobs.apply("kept", "worker: marked", "role: alice", "statements: [\"" + effect("marked") + "\"]");
            workerJobs.apply("kept-back", "worker: marked", "role: alice", "suspend: true", "statements: [SELECT 1]");
            workerJobs.awaitPhase("kept", Phase.Queued);
            workerJobs.awaitPhase("kept-back", Phase.Suspended);
            for (String name : List.of("kept", "kept-back")) {
                setFinalizers(name, List.of("example.com/keep"));
                workerJobs.delete(name);
            }
            soon().until(() -> statuses("marked").equals(List.of("pending", "cancelled")));
            workerJobs.apply("kept-back", "worker: marked", "role: alice", "suspend: false", "statements: [SELECT 1]");
        }
        workerJobs.awaitPhase("marked", Phase.Succeeded);
        workerJobs.apply("unmarked", "worker: marked", "role: alice", "statements: [SELECT 1]");
        workerJobs.awaitPhase("unmarked", Phase.Succeeded);
        assertThat(statuses("marked")).containsExactly("done", "cancelled", "done");
        for (String name : List.of("kept", "kept-back")) {
            assertThat(system.workerJob(name).isMarkedForDeletion()).isTrue();
            setFinalizers(name, List.of());
            workerJobs.awaitGone(name);
        }
    }

    @Test
    void deleted_while_its_pool_is_gone_it_never_runs_when_the_pool_comes_back() throws Exception {
        try (var blocker = system.block()) {
            workerJobs.apply(
                    "outlived",
                    "worker: outlived",
                    "role: alice",
                    "statements: [\"" + BLOCKED + "\", \"" + effect("outlived") + "\"]");
            workerJobs.awaitPhase("outlived", Phase.Running);
            system.pools().withName(RunningSystem.POOL).delete();
            eventually().until(() -> system.workerPods().isEmpty());
            eventually().until(() -> system.workerSessions().isEmpty());
            workerJobs.awaitReason("outlived", "PoolNotFound");
            assertThat(workerJobs.status("outlived").phase()).isEqualTo(Phase.Running);
            workerJobs.delete("outlived");
            workerJobs.awaitGone("outlived");
        }
        system.createPool(RunningSystem.POOL, 8, "");
        system.awaitReady(RunningSystem.POOL);
        awaitStatuses("outlived", "cancelled", "cancelled");
        assertThat(system.effects("outlived")).isZero();
    }

    @Test
    void while_its_pool_has_another_database_it_waits_and_ends_in_its_own() throws Exception {
        try (var other = QueueDatabase.withoutQueue(system.postgres())) {
            try (var blocker = system.block()) {
                workerJobs.apply(
                        "moved",
                        "worker: moved",
                        "role: alice",
                        "statements: [\"" + BLOCKED + "; " + effect("moved") + "\", \"" + effect("moved") + "\"]");
                workerJobs.awaitPhase("moved", Phase.Running);
                system.apply(system.poolYaml(RunningSystem.POOL, 8, "")
                        .replace(system.database().name(), other.name()));
                workerJobs.awaitReason("moved", "DatabaseChanged");
                assertThat(workerJobs.status("moved").phase()).isEqualTo(Phase.Running);
            }
            system.createPool(RunningSystem.POOL, 8, "");
            workerJobs.awaitPhase("moved", Phase.Succeeded);
            assertThat(system.effects("moved")).isEqualTo(2);
        }
    }

    @Test
    void it_says_in_words_what_it_waits_for() throws Exception {
        try (var blocker = system.block()) {
            workerJobs.apply("first", "worker: busy", "role: alice", "statements: [\"" + BLOCKED + "\"]");
            workerJobs.awaitPhase("first", Phase.Running);
            workerJobs.apply("second", "worker: busy", "role: alice", "statements: [SELECT 1]");
            workerJobs.awaitReason("second", "WaitingForPredecessor");
            assertThat(workerJobs.status("second").position()).isEqualTo(1);
            assertThat(workerJobs.status("second").message())
                    .isEqualTo("it is next when the job that worker \"busy\" runs has ended");
            assertThat(workerJobs.status("second").phase()).isEqualTo(Phase.Queued);
        }
        workerJobs.awaitPhase("second", Phase.Succeeded);
    }

    @Test
    void it_is_queued_once_although_the_operator_is_killed_and_never_again_when_its_rows_are_gone() throws Exception {
        try (var blocker = system.block()) {
            workerJobs.apply(
                    "once", "worker: once", "role: alice", "statements: [\"" + BLOCKED + "; " + effect("once") + "\"]");
            workerJobs.awaitPhase("once", Phase.Running);
            system.surroundings().killOperator();
        }
        system.surroundings().startOperator();
        workerJobs.awaitPhase("once", Phase.Succeeded);
        system.database().execute("pool_operator", "DELETE FROM worker_pool.jobs WHERE worker_name = 'once'");
        system.surroundings().killOperator();
        system.surroundings().startOperator();
        workerJobs.apply("after", "worker: after", "role: alice", "statements: [SELECT 1]");
        workerJobs.awaitPhase("after", Phase.Succeeded);
        assertThat(workerJobs.status("once").phase()).isEqualTo(Phase.Succeeded);
        assertThat(system.effects("once")).isEqualTo(1);
    }

    @Test
    void one_that_is_made_anew_under_the_same_name_has_a_life_of_its_own() throws Exception {
        for (int i = 0; i < 8; i++) {
            workerJobs.apply("reborn", "worker: reborn", "role: alice", "statements: [\"" + effect("reborn") + "\"]");
            eventually().until(() -> workerJobs.phase("reborn") != Phase.Pending);
            workerJobs.delete("reborn");
            workerJobs.apply(
                    "reborn", "worker: reborn", "role: alice", "statements: [\"" + effect("reborn anew") + "\"]");
            workerJobs.awaitPhase("reborn", Phase.Succeeded);
            system.awaitEffects("reborn anew", i + 1);
            workerJobs.delete("reborn");
        }
    }

    @Test
    void its_rows_stay_until_its_end_is_written_however_short_the_retention_is() throws Exception {
        system.createPool(RunningSystem.POOL, 8, "  retention: {done: 0s, failed: 0s}");
        try {
            try (var blocker = system.block()) {
                workerJobs.apply(
                        "pruned",
                        "worker: pruned",
                        "role: alice",
                        "statements: [\"" + BLOCKED + "; " + effect("pruned") + "\"]");
                workerJobs.awaitPhase("pruned", Phase.Running);
                system.surroundings().killOperator();
            }
            system.awaitStatus("pruned", "done");
            system.surroundings().startOperator();
            workerJobs.awaitPhase("pruned", Phase.Succeeded);
            eventually().until(() -> statuses("pruned").isEmpty());
            assertThat(system.effects("pruned")).isEqualTo(1);
        } finally {
            system.createPool(RunningSystem.POOL, 8, "");
        }
    }

    @Test
    void an_ended_one_goes_when_its_time_is_over() {
        workerJobs.apply(
                "brief", "worker: brief", "role: alice", "ttlSecondsAfterFinished: 1", "statements: [SELECT 1]");
        workerJobs.awaitGone("brief");
    }

    /** Keeps the worker of this name busy as long as its jobs are blocked. */
    private static void occupy(String worker) {
        workerJobs.apply(worker, "worker: " + worker, "role: alice", "statements: [\"" + BLOCKED + "\"]");
        workerJobs.awaitPhase(worker, Phase.Running);
    }

    /** Of all jobs of this worker, in their order. */
    private static List<String> statuses(String worker) throws SQLException {
        return system.database().look("SELECT status FROM worker_pool.jobs WHERE worker_name = ? ORDER BY id", worker);
    }

    private static void awaitStatuses(String worker, String... statuses) {
        eventually().untilAsserted(() -> assertThat(statuses(worker)).containsExactly(statuses));
    }

    /** For what is told by an event: long before the next sweep. */
    private static ConditionFactory soon() {
        return eventually().atMost(Duration.ofSeconds(20));
    }

    private static boolean isBeingQueued() throws SQLException {
        return !system.superuserLook("""
                        SELECT pid FROM pg_stat_activity
                        WHERE wait_event_type = 'Lock' AND query LIKE '%worker_pool.enqueue_workerjob(%'""").isEmpty();
    }

    private static void setFinalizers(String name, List<String> finalizers) {
        system.workerJobs().withName(name).edit(job -> {
            job.getMetadata().setFinalizers(finalizers);
            return job;
        });
    }
}
