package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerJobStatus;
import dev.pgworkerpool.api.WorkerJobStatus.Failure;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.queue.QueuedStatement;
import dev.pgworkerpool.status.Conditions;
import dev.pgworkerpool.status.Readiness;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How far a WorkerJob is, made of what the queue says.
 *
 * @param queue the uid of the queue where it was found; null when it wasn't looked for
 * @param jobIds null when it isn't queued
 * @param statements those of its rows that are still there, in order
 */
record WorkerJobProgress(
        Phase phase,
        Readiness readiness,
        @Nullable String queue,
        @Nullable List<Long> jobIds,
        List<QueuedStatement> statements) {

    private static final int LONGEST_LINE = 300;

    /** It isn't queued, for this reason. */
    static WorkerJobProgress notQueued(Phase phase, Readiness readiness) {
        return new WorkerJobProgress(phase, readiness, null, null, List.of());
    }

    /** It is queued, but nobody can look how far it is, for this reason: what was known of it stays. */
    static WorkerJobProgress unseen(Phase phase, List<Long> jobIds, Readiness readiness) {
        return new WorkerJobProgress(phase, readiness, null, jobIds, List.of());
    }

    /**
     * @param queue the uid of the queue that it is in
     * @param jobIds what it was queued as
     * @param statements rows that are gone have ended: only ended rows are ever deleted
     * @param old what its status says: how rows ended that are gone is known from there only
     * @param waitsFor puts into words why a statement waits
     */
    static WorkerJobProgress queued(
            String queue,
            List<Long> jobIds,
            List<QueuedStatement> statements,
            @Nullable WorkerJobStatus old,
            Function<QueuedStatement, String> waitsFor) {
        Optional<QueuedStatement> current =
                statements.stream().filter(each -> !each.ended()).findFirst();
        if (current.isPresent()) {
            return unfinished(queue, jobIds, statements, current.get(), waitsFor);
        }
        return ended(queue, jobIds, statements, old);
    }

    private static WorkerJobProgress unfinished(
            String queue,
            List<Long> jobIds,
            List<QueuedStatement> statements,
            QueuedStatement current,
            Function<QueuedStatement, String> waitsFor) {
        boolean begun = statements.size() < jobIds.size() || current.ordinal() > 1 || current.runs();
        String reason = current.runs() ? "Running" : Objects.requireNonNullElse(current.reason(), "Queued");
        String message = current.runs() ? running(current, jobIds.size()) : waitsFor.apply(current);
        return new WorkerJobProgress(
                begun ? Phase.Running : Phase.Queued,
                Readiness.reconciling(reason, message),
                queue,
                jobIds,
                statements);
    }

    private static String running(QueuedStatement current, int total) {
        return "statement " + current.ordinal() + " of " + total + " is running"
                + (current.startedAt() == null ? "" : " since " + text(current.startedAt()))
                + (current.progress() == null ? "" : ", " + current.progress());
    }

    private static WorkerJobProgress ended(
            String queue, List<Long> jobIds, List<QueuedStatement> statements, @Nullable WorkerJobStatus old) {
        Failure failure = failure(statements, old);
        if (failure != null) {
            String message = "statement " + failure.statement() + " failed: " + firstLine(failure.message());
            return new WorkerJobProgress(
                    Phase.Failed, Readiness.stalled("StatementFailed", message), queue, jobIds, statements);
        }
        long cancelled = statements.stream().filter(QueuedStatement::cancelled).count();
        if (cancelled > 0) {
            String message = cancelled + " of " + jobIds.size() + " statements were cancelled";
            return new WorkerJobProgress(
                    Phase.Cancelled, Readiness.stalled("Cancelled", message), queue, jobIds, statements);
        }
        if (succeeded(statements, old) < jobIds.size()) {
            String gone = "of its queued jobs " + jobIds
                    + ", some are gone from the database, and nobody knows how they ended";
            return new WorkerJobProgress(
                    Phase.Failed, Readiness.stalled("QueuedJobsGone", gone), queue, jobIds, statements);
        }
        String message =
                jobIds.size() == 1 ? "the statement succeeded" : "all " + jobIds.size() + " statements succeeded";
        return new WorkerJobProgress(Phase.Succeeded, Readiness.ready("Succeeded", message), queue, jobIds, statements);
    }

    WorkerJobStatus status(WorkerJob job, @Nullable WorkerJobStatus old, Instant now) {
        Long generation = job.getMetadata().getGeneration();
        int total = job.getSpec().statements().size();
        int succeeded = succeeded(statements, old);
        return new WorkerJobStatus(
                generation,
                phase,
                old == null || old.queue() == null ? queue : old.queue(),
                jobIds,
                succeeded,
                total,
                succeeded + "/" + total,
                attempts(old),
                position(),
                readiness.message(),
                earliest(QueuedStatement::submittedAt, old == null ? null : old.queuedAt()),
                earliest(QueuedStatement::startedAt, old == null ? null : old.startedAt()),
                phase.ended() ? finishedAt(now) : null,
                failure(statements, old),
                Conditions.of(readiness, old == null ? null : old.conditions(), generation, now));
    }

    /** Of rows that are gone, those that were seen to have succeeded: the first ones, as statements run in order. */
    private static int succeeded(List<QueuedStatement> statements, @Nullable WorkerJobStatus old) {
        int known = old == null || old.succeeded() == null ? 0 : old.succeeded();
        long there = statements.stream().filter(QueuedStatement::succeeded).count();
        long thereOfKnown =
                statements.stream().filter(each -> each.ordinal() <= known).count();
        return (int) (there + known - thereOfKnown);
    }

    /** Those of rows that are gone count on. */
    private @Nullable Integer attempts(@Nullable WorkerJobStatus old) {
        int there = statements.stream().mapToInt(QueuedStatement::attempts).sum();
        int known = old == null || old.attempts() == null ? 0 : old.attempts();
        return jobIds == null ? null : (Integer) Math.max(there, known);
    }

    private @Nullable Long position() {
        return statements.stream()
                .filter(each -> !each.ended())
                .findFirst()
                .map(QueuedStatement::position)
                .orElse(null);
    }

    private static @Nullable Failure failure(List<QueuedStatement> statements, @Nullable WorkerJobStatus old) {
        return statements.stream()
                .filter(QueuedStatement::failed)
                .findFirst()
                .map(each -> new Failure(each.ordinal(), each.sqlState(), each.error()))
                .orElse(old == null || isThere(statements, old.failure()) ? null : old.failure());
    }

    /** Whoever tried that statement again has mended it. */
    private static boolean isThere(List<QueuedStatement> statements, @Nullable Failure failure) {
        return failure != null && statements.stream().anyMatch(each -> each.ordinal() == failure.statement());
    }

    /** A row that is gone was earlier than those that are there, so what was known before stays. */
    private @Nullable String earliest(Function<QueuedStatement, @Nullable Instant> time, @Nullable String known) {
        if (known != null) {
            return known;
        }
        return statements.stream()
                .map(time)
                .filter(Objects::nonNull)
                .min(Comparator.naturalOrder())
                .map(WorkerJobProgress::text)
                .orElse(null);
    }

    private String finishedAt(Instant now) {
        return text(statements.stream()
                .map(QueuedStatement::finishedAt)
                .filter(Objects::nonNull)
                .max(Comparator.naturalOrder())
                .orElse(now));
    }

    private static String text(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** For conditions and the table of kubectl; all of the error is in {@code status.failure}. */
    static String firstLine(@Nullable String text) {
        String line = text == null ? "unknown error" : text.lines().findFirst().orElse("unknown error");
        return line.codePointCount(0, line.length()) <= LONGEST_LINE
                ? line
                : line.substring(0, line.offsetByCodePoints(0, LONGEST_LINE - 1)) + "…";
    }
}
