package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.queue.QueuedStatement;

/** Puts the reasons of {@code worker_pool.queue} into words. */
final class WaitingReason {
    private WaitingReason() {}

    static String inWords(QueuedStatement statement, WorkerJob job, WorkerPool pool) {
        String worker = "worker \"" + job.getSpec().worker() + "\"";
        String poolName = "WorkerPool " + pool.getMetadata().getName();
        String reason = statement.reason() == null ? "" : statement.reason();
        return switch (reason) {
            case "WaitingForPredecessor" -> behind(statement, worker);
            case "WaitingForSlot" ->
                worker + " waits for one of the " + pool.getSpec().slots() + " slots of " + poolName;
            case "Starting" -> worker + " has a slot and is about to begin";
            case "Retrying" -> retrying(statement, worker, poolName);
            case "Scheduled" -> "it is to run at " + job.getSpec().runAt();
            case "Paused" -> worker + " is paused, until worker_pool.resume is called";
            case "PoolSuspended" -> poolName + " is suspended";
            case "RoleNotAllowed" -> "the role that queued it has no login in " + poolName + " any more";
            default -> "it waits in the queue of " + worker;
        };
    }

    /** Without an error it is the name that is held back rather than the job. */
    private static String retrying(QueuedStatement statement, String worker, String poolName) {
        return statement.error() == null
                ? worker + " ended badly and is held back for a while, see " + poolName
                : "statement %d waits for another attempt: attempt %d failed: %s"
                        .formatted(
                                statement.ordinal(),
                                statement.attempts(),
                                WorkerJobProgress.firstLine(statement.error()));
    }

    /** Position 1 is next, so those before it are the one that runs and position - 1 others. */
    private static String behind(QueuedStatement statement, String worker) {
        long position = statement.position() == null ? 1 : statement.position();
        if (position <= 1) {
            return "it is next when the job that " + worker + " runs has ended";
        }
        return position == 2
                ? "1 job of " + worker + " waits before it"
                : (position - 1) + " jobs of " + worker + " wait before it";
    }
}
