package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerPool;
import io.javaoperatorsdk.operator.processing.event.source.ResourceEventAware;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import jakarta.inject.Singleton;

/** Tells the pools' reconciler what their databases say, and the rest of the operator that a pool is gone. */
@Singleton
class PoolTriggers extends SimpleInboundEventSource<WorkerPool> implements ResourceEventAware<WorkerPool> {
    private final LivePools pools;

    PoolTriggers(LivePools pools) {
        super("databases");
        this.pools = pools;
    }

    @Override
    public void onResourceDeleted(WorkerPool pool) {
        pools.forget(pool);
    }
}
