package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.RetentionSpec;
import dev.pgworkerpool.queue.DatabaseProblem;
import dev.pgworkerpool.queue.JobQueue;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;
import java.util.UUID;
import org.jboss.logging.Logger;

/** Deletes ended jobs that are older than they need be, in batches, a few a pass: a pass must not last. */
@ApplicationScoped
class Retention {
    private static final Logger LOG = Logger.getLogger(Retention.class);

    private static final int BATCH = 5000;
    private static final int BATCHES_A_PASS = 4;

    private final WorkerJobTriggers workerJobs;

    Retention(WorkerJobTriggers workerJobs) {
        this.workerJobs = workerJobs;
    }

    void run(PoolPass pass, JobQueue queue) {
        workerJobs.unended(pass.live().id).ifPresent(unended -> run(pass, queue, unended));
    }

    private static void run(PoolPass pass, JobQueue queue, Set<UUID> unended) {
        RetentionSpec keep = pass.pool().getSpec().retention();
        long deleted = pass.live().pruned.get(keep, pass.now(), () -> attempt(pass, keep, unended, queue));
        if (deleted == (long) BATCH * BATCHES_A_PASS) {
            pass.live().pruned.forget(); // there is more
        }
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
        for (int i = 0; i < BATCHES_A_PASS; i++) {
            long deleted = queue.prune(keep.keepDone(), keep.keepFailed(), unended, BATCH);
            all += deleted;
            if (deleted < BATCH) {
                break;
            }
        }
        return all;
    }
}
