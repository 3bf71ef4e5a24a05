package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.ResourceEventAware;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells the WorkerJobs' reconciler which of them may have changed in their databases, and the pools which were deleted. Ended ones
 * are left alone.
 *
 * <p>One that is marked for deletion, and stays because of somebody's finalizer, counts as deleted: it can't come back, and Java
 * Operator SDK doesn't reconcile it any more.
 */
@Singleton
class WorkerJobEvents extends SimpleInboundEventSource<WorkerJob> implements ResourceEventAware<WorkerJob> {
    private static final String BY_UID = "uid";
    private static final String BY_POOL = "pool";

    private final LivePools pools;
    private final PoolEvents poolEvents;
    private volatile @Nullable IndexerResourceCache<WorkerJob> cache;

    WorkerJobEvents(LivePools pools, PoolEvents poolEvents) {
        super("queues");
        this.pools = pools;
        this.poolEvents = poolEvents;
    }

    /** Call before the informers start. */
    void lookUpIn(IndexerResourceCache<WorkerJob> primaries) {
        primaries.addIndexers(Map.of(
                BY_UID,
                job -> isOver(job) ? List.of() : List.of(job.getMetadata().getUid()),
                BY_POOL,
                job -> isOver(job) ? List.of() : List.of(key(poolOf(job)))));
        cache = primaries;
    }

    /** Its statements have changed. Uids of nobody are nobody's. */
    void changed(String uid) {
        find(BY_UID, uid).forEach(this::propagateEvent);
    }

    /** It exists, as far as the cache shows, and has not ended. */
    boolean knows(String uid) {
        return !find(BY_UID, uid).isEmpty();
    }

    /** The cache doesn't show it any more. */
    @Override
    public void onResourceDeleted(WorkerJob job) {
        if (!ended(job)) {
            deleted(job);
        }
    }

    @Override
    public void onResourceUpdated(WorkerJob job, WorkerJob before) {
        if (job.isMarkedForDeletion() && !ended(job)) {
            deleted(job);
        }
    }

    /** Its pool's next pass looks what waits of it. Many at once make few passes. */
    void deleted(WorkerJob job) {
        ResourceID pool = poolOf(job);
        pools.find(pool).ifPresent(live -> live.deletions.incrementAndGet());
        poolEvents.propagateEvent(pool);
    }

    /** All of this pool may have changed. */
    void poolChanged(ResourceID pool) {
        ofPool(pool).forEach(this::propagateEvent);
    }

    /** Those of this pool that have not ended. */
    Set<ResourceID> ofPool(ResourceID pool) {
        return find(BY_POOL, key(pool));
    }

    static ResourceID poolOf(WorkerJob job) {
        return new ResourceID(job.getSpec().poolRef().name(), job.getMetadata().getNamespace());
    }

    private static boolean ended(WorkerJob job) {
        return WorkerJobReconciler.ended(job.getStatus());
    }

    private static boolean isOver(WorkerJob job) {
        return ended(job) || job.isMarkedForDeletion();
    }

    private Set<ResourceID> find(String index, String key) {
        IndexerResourceCache<WorkerJob> primaries = cache;
        return primaries == null
                ? Set.of()
                : primaries.byIndex(index, key).stream()
                        .map(ResourceID::fromResource)
                        .collect(Collectors.toSet());
    }

    private static String key(ResourceID pool) {
        return pool.getNamespace().orElse("") + "/" + pool.getName();
    }
}
