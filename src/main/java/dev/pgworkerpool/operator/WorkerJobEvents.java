package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Tells the WorkerJobs' reconciler which of them may have changed in their databases. Ended ones are left alone. */
@Singleton
class WorkerJobEvents extends SimpleInboundEventSource<WorkerJob> {
    private static final String BY_UID = "uid";
    private static final String BY_POOL = "pool";

    private volatile @Nullable IndexerResourceCache<WorkerJob> cache;

    WorkerJobEvents() {
        super("queues");
    }

    /** Call before the informers start. */
    void lookUpIn(IndexerResourceCache<WorkerJob> primaries) {
        primaries.addIndexers(Map.of(
                BY_UID,
                job -> ended(job) ? List.of() : List.of(job.getMetadata().getUid()),
                BY_POOL,
                job -> ended(job) ? List.of() : List.of(key(poolOf(job)))));
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

    static boolean ended(WorkerJob job) {
        return WorkerJobReconciler.ended(job.getStatus());
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
