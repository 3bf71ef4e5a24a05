package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;

/** Resource quotas on the number of objects: {@code pods} (those that have not ended) and {@code count/...} of pods and Jobs. */
final class Quota {
    private static final Map<String, ResourceType> COUNTED = Map.of(
            "pods", ResourceTypes.PODS,
            "count/pods", ResourceTypes.PODS,
            "count/jobs.batch", ResourceTypes.JOBS);

    private final ObjectStore store;

    Quota(ObjectStore store) {
        this.store = store;
    }

    /** Refuses one more object if a quota of the namespace is used up. */
    void check(ResourceType type, String namespace, String name) {
        if (!COUNTED.containsValue(type)) {
            return;
        }
        for (var quota : store.list(ResourceTypes.QUOTAS, namespace)) {
            Json.at(quota, "spec", "hard").properties().forEach(limit -> {
                var what = limit.getKey();
                if (type.equals(COUNTED.get(what))
                        && used(what, type, namespace) >= limit.getValue().asLong()) {
                    throw ApiError.forbidden(
                            type,
                            name,
                            "exceeded quota: %s, requested: %s=1, used: %s=%d, limited: %s=%s"
                                    .formatted(
                                            Json.name(quota),
                                            what,
                                            what,
                                            used(what, type, namespace),
                                            what,
                                            limit.getValue().asText()));
                }
            });
        }
    }

    private long used(String what, ResourceType type, String namespace) {
        return store.list(type, namespace).stream()
                .filter(object -> !what.equals("pods") || !hasEnded(object))
                .count();
    }

    private static boolean hasEnded(ObjectNode pod) {
        return Set.of("Succeeded", "Failed").contains(Json.text(pod, "status", "phase"));
    }
}
