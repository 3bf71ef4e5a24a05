package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.DeleteOptions.Propagation;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What deleting an object does to it before it goes: finalizers, the time it is given, and when nothing holds it any more. */
final class Deletion {
    private Deletion() {}

    /** Without a policy, the pods of a Job stay: what {@code batch/v1} does for old clients' sake. */
    private static Propagation defaultPropagation(ResourceType type) {
        return type.equals(ResourceTypes.JOBS) ? Propagation.ORPHAN : Propagation.BACKGROUND;
    }

    /** Adds the finalizer that keeps the object until its dependents have been seen to, if the policy is such. */
    static void hold(ResourceType type, ObjectNode object, @Nullable Propagation asked) {
        if (asked == null && Json.isBeingDeleted(object)) {
            return;
        }
        var finalizer = (asked != null ? asked : defaultPropagation(type)).finalizer();
        var finalizers = Json.metadata(object).withArray("finalizers");
        finalizers.removeIf(f -> f.asText().equals(Propagation.FOREGROUND.finalizer())
                || f.asText().equals(Propagation.ORPHAN.finalizer()));
        if (finalizer != null) {
            finalizers.add(finalizer);
        }
        if (finalizers.isEmpty()) {
            Json.metadata(object).remove("finalizers");
        }
    }

    /** Sets when it has to be gone; a second deletion can only shorten that. */
    static void mark(ResourceType type, ObjectNode object, int grace) {
        var metadata = Json.metadata(object);
        var graceBefore = metadata.path("deletionGracePeriodSeconds");
        if (Json.isBeingDeleted(object) && graceBefore.asInt() <= grace) {
            return;
        }
        if (!Json.isBeingDeleted(object) && metadata.has("generation")) {
            metadata.put("generation", metadata.path("generation").asLong() + 1);
        }
        metadata.put("deletionTimestamp", Json.time(Instant.now().plusSeconds(grace)))
                .put("deletionGracePeriodSeconds", grace);
        if (type.equals(ResourceTypes.NAMESPACES)) {
            object.withObject("/status").put("phase", "Terminating");
        }
    }

    /** Nothing holds it any more. */
    static boolean isDone(ObjectNode object) {
        var metadata = object.path("metadata");
        return Json.isBeingDeleted(object)
                && metadata.path("finalizers").isEmpty()
                && metadata.path("deletionGracePeriodSeconds").asInt() == 0
                && !(object.path("kind").asText().equals("Namespace")
                        && !Json.at(object, "spec", "finalizers").isEmpty());
    }

    /** Takes one finalizer from the object. */
    static ObjectNode withoutFinalizer(ObjectNode object, String finalizer) {
        if (Json.at(object, "metadata", "finalizers") instanceof ArrayNode finalizers) {
            finalizers.removeIf(f -> f.asText().equals(finalizer));
            if (finalizers.isEmpty()) {
                Json.metadata(object).remove("finalizers");
            }
        }
        return object;
    }
}
