package dev.pgworkerpool.status;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A pool in figures.
 *
 * @param slotsInUse worker names that hold a slot
 * @param runningWorkers worker pods that run
 * @param waitingWorkers names that wait for a slot
 * @param waitingJobs queued jobs that have not ended
 * @param done jobs that ended well since the schema was installed
 * @param failed likewise
 */
public record PoolFigures(
        int slots,
        int slotsInUse,
        int runningWorkers,
        int waitingWorkers,
        long waitingJobs,
        @Nullable Instant oldestWaitingSince,
        long done,
        long failed) {}
