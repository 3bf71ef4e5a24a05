package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.RetentionSpec;
import dev.pgworkerpool.queue.DatabaseProblem;
import dev.pgworkerpool.queue.JobQueue;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * Deletes ended jobs that are older than they need be. A pass must not last, and the drains beside it are to notice nothing: so many at
 * once as take a tenth of a second, and then a rest.
 */
@ApplicationScoped
class Retention {
    private static final Logger LOG = Logger.getLogger(Retention.class);

    private static final int BATCH = 2500;
    private static final int AT_ONCE = 3 * BATCH;
    private static final Duration REST = Duration.ofSeconds(1);

    private final WorkerJobTriggers workerJobs;

    Retention(WorkerJobTriggers workerJobs) {
        this.workerJobs = workerJobs;
    }

    /** Returns when there may be more to delete. */
    Duration run(PoolPass pass, JobQueue queue) {
        return workerJobs
                .unended(pass.live().id)
                .map(unended -> run(pass, queue, unended))
                .orElse(WorkerPoolReconciler.SWEEP);
    }

    private static Duration run(PoolPass pass, JobQueue queue, Set<UUID> unended) {
        RetentionSpec keep = pass.pool().getSpec().retention();
        Memo<Object, Long> pruned = pass.live().pruned;
        pruned.last().filter(Retention::isPart).ifPresent(part -> pruned.forgetOlderThan(REST, pass.now()));
        long deleted = pruned.get(keep, pass.now(), () -> attempt(pass, keep, unended, queue));
        return isPart(deleted) ? REST : WorkerPoolReconciler.SWEEP;
    }

    private static boolean isPart(long deleted) {
        return deleted == AT_ONCE;
    }

    /** What is kept for too long harms nobody. */
    private static long attempt(PoolPass pass, RetentionSpec keep, Set<UUID> unended, JobQueue queue) {
        try {
            return prune(keep, unended, queue);
        } catch (DatabaseProblem problem) {
            LOG.warnf("%s: nothing is deleted: %s", pass.live(), problem.getMessage());
            return 0;
        }
    }

    private static long prune(RetentionSpec keep, Set<UUID> unended, JobQueue queue) {
        long all = 0;
        long deleted = BATCH;
        while (deleted == BATCH && all < AT_ONCE) {
            deleted = queue.prune(keep.keepDone(), keep.keepFailed(), unended, BATCH);
            all += deleted;
        }
        return all;
    }
}
