package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.queue.DatabaseProblem;
import dev.pgworkerpool.status.PoolMetrics;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/** The pools that this operator looks after, with their connections. */
@ApplicationScoped
class LivePools {
    private static final Logger LOG = Logger.getLogger(LivePools.class);

    private final Map<ResourceID, LivePool> byId = new ConcurrentHashMap<>();
    private final PoolMetrics metrics;

    LivePools(PoolMetrics metrics) {
        this.metrics = metrics;
    }

    LivePool of(WorkerPool pool) {
        String uid = pool.getMetadata().getUid();
        return byId.compute(ResourceID.fromResource(pool), (id, known) -> {
            if (known != null && known.uid.equals(uid)) {
                return known;
            }
            if (known != null) {
                known.close(); // deleted and made anew under the same name
            }
            return new LivePool(uid, id);
        });
    }

    /** Those of a namespace. */
    List<LivePool> of(String namespace) {
        return byId.values().stream()
                .filter(live -> live.id.getNamespace().filter(namespace::equals).isPresent())
                .toList();
    }

    Optional<LivePool> find(ResourceID id) {
        return Optional.ofNullable(byId.get(id));
    }

    /** The pool is deleted: gives its queue back and closes its connections, without keeping the caller waiting. */
    void forget(WorkerPool pool) {
        LivePool gone = byId.remove(ResourceID.fromResource(pool));
        if (gone != null) {
            gone.poolIsDeleted();
            Thread.ofVirtual().name("release " + gone).start(() -> release(gone));
        }
        metrics.forget(pool.getMetadata().getNamespace(), pool.getMetadata().getName());
    }

    private static void release(LivePool gone) {
        try (gone) {
            gone.release();
        } catch (DatabaseProblem problem) {
            LOG.infof("%s: its queue is free when the lease ends: %s", gone, problem.getMessage());
        }
    }

    @PreDestroy
    void close() {
        byId.values().forEach(LivePool::close);
    }
}
