package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.ResourceEventAware;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
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
class WorkerJobTriggers extends SimpleInboundEventSource<WorkerJob> implements ResourceEventAware<WorkerJob> {
    private static final String BY_UID = "uid";
    private static final String BY_POOL = "pool";

    private final LivePools pools;
    private final PoolTriggers poolTriggers;
    private volatile @Nullable IndexerResourceCache<WorkerJob> cache;

    WorkerJobTriggers(LivePools pools, PoolTriggers poolTriggers) {
        super("queues");
        this.pools = pools;
        this.poolTriggers = poolTriggers;
    }

    /** Call before the informers start. */
    void lookUpIn(IndexerResourceCache<WorkerJob> primaries) {
        primaries.addIndexers(Map.of(
                BY_UID,
                job -> isOver(job) ? List.of() : List.of(job.getMetadata().getUid()),
                BY_POOL,
                job -> isOver(job) ? List.of() : List.of(poolOf(job).toString())));
        cache = primaries;
    }

    /** Its statements have changed. Uids of nobody are nobody's. */
    void changed(String uid) {
        ids(find(BY_UID, uid)).forEach(this::propagateEvent);
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

    /**
     * The next pass looks what waits of it. Many at once make few passes. Another pool may have the database by now, so all of the
     * namespace look.
     */
    void deleted(WorkerJob job) {
        pools.of(job.getMetadata().getNamespace()).forEach(live -> {
            live.deletions.incrementAndGet();
            poolTriggers.propagateEvent(live.id);
        });
    }

    /** All of this pool may have changed. */
    void poolChanged(ResourceID pool) {
        ofPool(pool).forEach(this::propagateEvent);
    }

    /** Those of this pool that have not ended. */
    Set<ResourceID> ofPool(ResourceID pool) {
        return ids(find(BY_POOL, pool.toString()));
    }

    /** The uids of those of this pool that have not ended, or whose end is yet to be written; empty while that isn't known. */
    Optional<Set<UUID>> unended(ResourceID pool) {
        // The framework starts this source when the cache is complete.
        return isRunning()
                ? Optional.of(find(BY_POOL, pool.toString()).stream()
                        .map(job -> UUID.fromString(job.getMetadata().getUid()))
                        .collect(Collectors.toSet()))
                : Optional.empty();
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

    private List<WorkerJob> find(String index, String key) {
        IndexerResourceCache<WorkerJob> primaries = cache;
        return primaries == null ? List.of() : primaries.byIndex(index, key);
    }

    private static Set<ResourceID> ids(List<WorkerJob> jobs) {
        return jobs.stream().map(ResourceID::fromResource).collect(Collectors.toSet());
    }
}
