package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.DeleteOptions.Propagation;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/** Deletes Kubernetes Jobs that finished {@code ttlSecondsAfterFinished} ago. */
final class FinishedJobCleaner implements AutoCloseable {
    private static final Set<String> FINAL = Set.of(JobConditions.COMPLETE, JobConditions.FAILED);

    private final ObjectStore store;
    private final ObjectApi api;
    private final ControlLoop<ObjectKey> loop;

    FinishedJobCleaner(ObjectStore store, ObjectApi api, ControlLoop.Gate gate) {
        this.store = store;
        this.api = api;
        this.loop = new ControlLoop<>("ttl-after-finished-controller", gate, this::reconcile);
        store.subscribe(update -> {
            if (update.key().storage().equals(ResourceTypes.JOBS.storage())
                    && expiry(update.object()).isPresent()) {
                loop.enqueue(update.key());
            }
        });
        loop.start();
    }

    private void reconcile(ObjectKey key) {
        store.locked(() -> {
            store.get(key)
                    .filter(job -> !Json.isBeingDeleted(job))
                    .ifPresent(job -> expiry(job).ifPresent(expiry -> {
                        var rest = Duration.between(Instant.now(), expiry);
                        if (rest.isPositive()) {
                            loop.enqueueAfter(key, rest);
                        } else {
                            api.delete(
                                    ResourceTypes.JOBS,
                                    key.namespace(),
                                    key.name(),
                                    DeleteOptions.with(Propagation.FOREGROUND));
                        }
                    }));
            return true;
        });
    }

    private static Optional<Instant> expiry(ObjectNode job) {
        var ttl = Json.at(job, "spec", "ttlSecondsAfterFinished");
        if (!ttl.isNumber()) {
            return Optional.empty();
        }
        for (var condition : Json.at(job, "status", "conditions")) {
            if (FINAL.contains(condition.path("type").asText())
                    && condition.path("status").asText().equals("True")) {
                return Optional.of(
                        Instant.parse(condition.path("lastTransitionTime").asText())
                                .plusSeconds(ttl.asLong()));
            }
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        loop.close();
    }
}
