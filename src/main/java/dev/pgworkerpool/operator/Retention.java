package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.RetentionSpec;
import dev.pgworkerpool.queue.JobQueue;
import jakarta.enterprise.context.ApplicationScoped;

/** Deletes ended jobs that are older than they need be, in batches, a few a pass: a pass must not last. */
@ApplicationScoped
class Retention {
    private static final int BATCH = 5000;
    private static final int BATCHES_A_PASS = 4;

    void run(PoolPass pass, JobQueue queue) {
        RetentionSpec keep = pass.pool().getSpec().retention();
        long deleted = pass.live().pruned.get(keep, pass.now(), () -> prune(keep, queue));
        if (deleted == (long) BATCH * BATCHES_A_PASS) {
            pass.live().pruned.forget(); // there is more
        }
    }

    private static long prune(RetentionSpec keep, JobQueue queue) {
        long all = 0;
        for (int i = 0; i < BATCHES_A_PASS; i++) {
            long deleted = queue.prune(keep.keepDone(), keep.keepFailed(), BATCH);
            all += deleted;
            if (deleted < BATCH) {
                break;
            }
        }
        return all;
    }
}
