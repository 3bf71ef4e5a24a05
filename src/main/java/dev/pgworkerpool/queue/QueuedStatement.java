package dev.pgworkerpool.queue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How one statement of a WorkerJob stands.
 *
 * @param ordinal counted from 1
 * @param status waiting, pending (runs now), done, failed or cancelled
 * @param position among the jobs of its worker, 0 runs; null when it has ended
 * @param attempts attempts begun
 * @param progress for how many minutes it has run, and how far it is where PostgreSQL says; null: nothing of both
 * @param reason why it waits, as in {@code worker_pool.queue}; null when it has ended
 */
public record QueuedStatement(
        int ordinal,
        long id,
        String status,
        @Nullable Long position,
        @Nullable String reason,
        Instant submittedAt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        int attempts,
        @Nullable String error,
        @Nullable String sqlState,
        @Nullable String progress) {

    public boolean runs() {
        return status.equals("pending");
    }

    public boolean ended() {
        return succeeded() || failed() || cancelled();
    }

    public boolean succeeded() {
        return status.equals("done");
    }

    public boolean failed() {
        return status.equals("failed");
    }

    public boolean cancelled() {
        return status.equals("cancelled");
    }
}
