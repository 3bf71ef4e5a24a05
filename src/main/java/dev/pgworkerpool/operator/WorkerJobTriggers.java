package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.Cache;
import io.javaoperatorsdk.operator.processing.event.source.ResourceEventAware;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
    private final LivePools pools;
    private final PoolTriggers poolTriggers;

    /** Those that have not ended, by uid. An index of the cache would leave out, for a moment, what is being updated. */
    private final Map<String, ResourceID> unended = new ConcurrentHashMap<>();

    private volatile @Nullable Cache<WorkerJob> cache;

    WorkerJobTriggers(LivePools pools, PoolTriggers poolTriggers) {
        super("queues");
        this.pools = pools;
        this.poolTriggers = poolTriggers;
    }

    /** Call before the informers start. */
    void lookUpIn(Cache<WorkerJob> primaries) {
        cache = primaries;
    }

    /** Its statements have changed. Uids of nobody are nobody's. */
    void changed(String uid) {
        ResourceID job = unended.get(uid);
        if (job != null) {
            propagateEvent(job);
        }
    }

    /** It exists, as far as the cache has told, and has not ended. */
    boolean knows(String uid) {
        return unended.containsKey(uid);
    }

    @Override
    public void onResourceCreated(WorkerJob job) {
        note(job);
    }

    @Override
    public void onResourceUpdated(WorkerJob job, WorkerJob before) {
        if (!before.getMetadata().getUid().equals(job.getMetadata().getUid())) {
            onResourceDeleted(before); // and made anew, while nobody could tell us
        }
        note(job);
        if (job.isMarkedForDeletion() && !ended(job)) {
            deleted(job);
        }
    }

    private void note(WorkerJob job) {
        String uid = job.getMetadata().getUid();
        if (isOver(job)) {
            unended.remove(uid);
        } else {
            unended.put(uid, ResourceID.fromResource(job));
        }
    }

    /** The cache doesn't show it any more. */
    @Override
    public void onResourceDeleted(WorkerJob job) {
        unended.remove(job.getMetadata().getUid());
        if (!ended(job)) {
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
        return cached(pool).map(ResourceID::fromResource).collect(Collectors.toSet());
    }

    /** The uids of those of this pool that have not ended, or whose end is yet to be written; empty while that isn't known. */
    Optional<Set<UUID>> unended(ResourceID pool) {
        // The framework starts this source when the cache is complete.
        return isRunning()
                ? Optional.of(cached(pool)
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

    private Stream<WorkerJob> cached(ResourceID pool) {
        Cache<WorkerJob> primaries = cache;
        return primaries == null
                ? Stream.empty()
                : primaries.list(job -> !isOver(job) && poolOf(job).equals(pool));
    }
}
