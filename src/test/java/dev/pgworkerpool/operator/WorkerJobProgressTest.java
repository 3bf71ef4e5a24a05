package dev.pgworkerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerJobStatus;
import dev.pgworkerpool.api.WorkerJobStatus.Failure;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.queue.QueuedStatement;
import dev.pgworkerpool.status.Readiness;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WorkerJobProgressTest {
    private static final Instant QUEUED = Instant.parse("2026-01-01T12:00:00Z");
    private static final Instant NOW = Instant.parse("2026-01-01T13:00:00Z");
    private static final List<Long> IDS = List.of(41L, 42L);

    @Test
    void it_is_queued_while_its_first_statement_waits() {
        WorkerJobStatus status =
                status(row(1, "waiting", 3L, "WaitingForPredecessor"), row(2, "waiting", 4L, "WaitingForPredecessor"));
        assertThat(status.phase()).isEqualTo(Phase.Queued);
        assertThat(status.done()).isEqualTo("0/2");
        assertThat(status.position()).isEqualTo(3);
        assertThat(status.message()).isEqualTo("because of WaitingForPredecessor");
        assertThat(reason(status)).isEqualTo("WaitingForPredecessor");
        assertThat(status.queuedAt()).isEqualTo("2026-01-01T12:00:00Z");
        assertThat(status.startedAt()).isNull();
    }

    @Test
    void it_is_running_while_one_of_its_statements_runs() {
        WorkerJobStatus status =
                status(row(1, "pending", 0L, "Running"), row(2, "waiting", 1L, "WaitingForPredecessor"));
        assertThat(status.phase()).isEqualTo(Phase.Running);
        assertThat(status.message()).isEqualTo("statement 1 of 2 is running since 2026-01-01T12:00:01Z");
        assertThat(status.startedAt()).isEqualTo("2026-01-01T12:00:01Z");
    }

    @Test
    void it_is_running_between_two_of_its_statements_too() {
        WorkerJobStatus status = status(row(1, "done", null, null), row(2, "waiting", 1L, "Starting"));
        assertThat(status.phase()).isEqualTo(Phase.Running);
        assertThat(status.done()).isEqualTo("1/2");
        assertThat(reason(status)).isEqualTo("Starting");
    }

    @Test
    void it_succeeded_when_all_its_statements_did() {
        WorkerJobStatus status = status(row(1, "done", null, null), row(2, "done", null, null));
        assertThat(status.phase()).isEqualTo(Phase.Succeeded);
        assertThat(status.done()).isEqualTo("2/2");
        assertThat(status.finishedAt()).isEqualTo("2026-01-01T12:00:02Z");
        assertThat(status.position()).isNull();
    }

    @Test
    void it_failed_when_one_did_and_says_which_and_why() {
        WorkerJobStatus status = status(row(1, "failed", null, null), row(2, "cancelled", null, null));
        assertThat(status.phase()).isEqualTo(Phase.Failed);
        assertThat(reason(status)).isEqualTo("StatementFailed");
        assertThat(status.message()).isEqualTo("statement 1 failed: relation \"x\" does not exist");
        assertThat(status.failure()).isEqualTo(new Failure(1, "42P01", "relation \"x\" does not exist\nHINT: none"));
    }

    @Test
    void a_failed_statement_does_not_make_it_failed_before_the_others_have_ended() {
        assertThat(status(row(1, "failed", null, null), row(2, "pending", 0L, "Running"))
                        .phase())
                .isEqualTo(Phase.Running);
    }

    @Test
    void it_is_cancelled_when_a_statement_is_and_none_failed() {
        WorkerJobStatus status = status(row(1, "done", null, null), row(2, "cancelled", null, null));
        assertThat(status.phase()).isEqualTo(Phase.Cancelled);
        assertThat(reason(status)).isEqualTo("Cancelled");
    }

    @Test
    void rows_that_were_deleted_after_they_were_seen_to_succeed_count() {
        WorkerJobStatus seen = status(row(1, "done", null, null), row(2, "pending", 0L, "Running"));
        WorkerJobStatus status = status(seen, row(2, "done", null, null));
        assertThat(status.phase()).isEqualTo(Phase.Succeeded);
        assertThat(status.done()).isEqualTo("2/2");
    }

    @Test
    void a_failure_that_was_seen_stays_when_its_row_is_deleted() {
        WorkerJobStatus seen = status(row(1, "failed", null, null), row(2, "pending", 0L, "Running"));
        WorkerJobStatus status = status(seen, row(2, "done", null, null));
        assertThat(status.phase()).isEqualTo(Phase.Failed);
        assertThat(status.failure()).isEqualTo(seen.failure());
        assertThat(status.done()).isEqualTo("1/2");
    }

    @Test
    void a_failure_that_was_mended_by_another_try_is_none_any_more() {
        WorkerJobStatus seen = status(row(1, "failed", null, null), row(2, "waiting", 1L, "Paused"));
        assertThat(seen.failure()).isNotNull();
        WorkerJobStatus status = status(seen, row(1, "done", null, null), row(2, "done", null, null));
        assertThat(status.phase()).isEqualTo(Phase.Succeeded);
        assertThat(status.failure()).isNull();
    }

    @Test
    void of_rows_that_were_deleted_unseen_it_claims_nothing() {
        for (WorkerJobStatus status : List.of(status(), status(row(2, "done", null, null)))) {
            assertThat(status.phase()).isEqualTo(Phase.Failed);
            assertThat(reason(status)).isEqualTo("QueuedJobsGone");
        }
    }

    @Test
    void what_is_not_queued_has_no_ids() {
        WorkerJobStatus status = WorkerJobProgress.notQueued(
                        Phase.Pending, Readiness.reconciling("PoolNotFound", "no pool"))
                .status(job(), null, NOW);
        assertThat(status.jobIds()).isNull();
        assertThat(status.queuedAt()).isNull();
        assertThat(status.total()).isEqualTo(2);
    }

    @Test
    void the_time_of_queueing_stays_when_its_row_is_gone() {
        WorkerJobStatus before = status(row(1, "done", null, null), row(2, "waiting", 1L, "Starting"));
        WorkerJobStatus after = status(before, row(2, "done", null, null));
        assertThat(after.queuedAt()).isEqualTo(before.queuedAt());
    }

    @Test
    void what_was_known_stays_when_nobody_can_look() {
        WorkerJobStatus before = status(row(1, "failed", null, null), row(2, "pending", 0L, "Running"));
        WorkerJobStatus after = WorkerJobProgress.unseen(
                        Phase.Running, IDS, Readiness.reconciling("PoolNotFound", "no pool"))
                .status(job(), before, NOW);
        assertThat(after.phase()).isEqualTo(Phase.Running);
        assertThat(reason(after)).isEqualTo("PoolNotFound");
        assertThat(after.jobIds()).isEqualTo(IDS);
        assertThat(after.failure()).isEqualTo(before.failure());
        assertThat(after.startedAt()).isEqualTo(before.startedAt());
        assertThat(after.position()).isNull();
    }

    private static WorkerJobStatus status(QueuedStatement... rows) {
        return status(null, rows);
    }

    @Test
    void what_kubectl_shows_of_an_error_is_its_first_line_cut_to_a_bound() {
        assertThat(WorkerJobProgress.firstLine("division by zero\nHINT:  none")).isEqualTo("division by zero");
        assertThat(WorkerJobProgress.firstLine("x".repeat(8000))).hasSize(300).endsWith("x…");
    }

    private static WorkerJobStatus status(@Nullable WorkerJobStatus old, QueuedStatement... rows) {
        return WorkerJobProgress.queued("queue", IDS, Arrays.asList(rows), old, row -> "because of " + row.reason())
                .status(job(), old, NOW);
    }

    private static QueuedStatement row(int ordinal, String status, @Nullable Long position, @Nullable String reason) {
        boolean ended = position == null;
        boolean failed = status.equals("failed");
        return new QueuedStatement(
                ordinal,
                40 + ordinal,
                status,
                position,
                reason,
                QUEUED,
                status.equals("waiting") || status.equals("cancelled") ? null : QUEUED.plusSeconds(1),
                ended ? QUEUED.plusSeconds(2) : null,
                status.equals("waiting") || status.equals("cancelled") ? 0 : 1,
                failed ? "relation \"x\" does not exist\nHINT: none" : null,
                failed ? "42P01" : null,
                null);
    }

    private static String reason(WorkerJobStatus status) {
        return status.conditions() == null ? "" : status.conditions().getFirst().getReason();
    }

    private static WorkerJob job() {
        return Serialization.unmarshal("""
                metadata: {name: x, generation: 1}
                spec: {poolRef: {name: p}, worker: w, statements: [a, b]}
                """, WorkerJob.class);
    }
}
