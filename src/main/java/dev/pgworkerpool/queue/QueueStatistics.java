package dev.pgworkerpool.queue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The queue in figures.
 *
 * @param done ended well since the schema was installed
 * @param failed likewise
 */
public record QueueStatistics(long waitingJobs, @Nullable Instant oldestWaitingSince, long done, long failed) {}
