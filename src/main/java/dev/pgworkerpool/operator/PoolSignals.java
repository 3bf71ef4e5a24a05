package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.QueueNotifications;
import java.time.InstantSource;

/** Takes what one pool's database says to those it concerns. */
record PoolSignals(LivePool pool, PoolTriggers pools, WorkerJobTriggers workerJobs, InstantSource clock)
        implements QueueNotifications {

    @Override
    public void workFor(String worker) {
        pool.wakeUps.heard(worker, clock.instant());
        pools.propagateEvent(pool.id);
    }

    @Override
    public void workerJobChanged(String uid) {
        workerJobs.changed(uid);
    }

    @Override
    public void connected() {
        pools.propagateEvent(pool.id);
        workerJobs.poolChanged(pool.id);
    }
}
