package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a deletion is done.
 *
 * @param gracePeriodSeconds how long a pod may take to end; null for what the pod itself says
 * @param propagation what happens to the dependents; null for the default of the kind
 * @param uid if not null: only if the object is still this one
 * @param resourceVersion if not null: only if the object did not change
 */
record DeleteOptions(
        @Nullable Integer gracePeriodSeconds,
        @Nullable Propagation propagation,
        @Nullable String uid,
        @Nullable String resourceVersion,
        boolean dryRun) {
    enum Propagation {
        BACKGROUND(null),
        FOREGROUND("foregroundDeletion"),
        ORPHAN("orphan");

        /** Holds the object until the dependents have been seen to. */
        private final @Nullable String finalizer;

        Propagation(@Nullable String finalizer) {
            this.finalizer = finalizer;
        }

        @Nullable
        String finalizer() {
            return finalizer;
        }
    }

    static DeleteOptions with(Propagation propagation) {
        return new DeleteOptions(null, propagation, null, null, false);
    }

    /** At once, whatever still runs, if it is still this object. */
    static DeleteOptions now(String uid) {
        return new DeleteOptions(0, Propagation.BACKGROUND, uid, null, false);
    }

    /** From the body of a request and its parameters; the body wins. */
    static DeleteOptions of(JsonNode body, Map<String, String> query) {
        return new DeleteOptions(
                body.has("gracePeriodSeconds")
                        ? Integer.valueOf(body.path("gracePeriodSeconds").asInt())
                        : parse(query.get("gracePeriodSeconds")),
                propagation(body, query),
                textOrNull(Json.at(body, "preconditions", "uid")),
                textOrNull(Json.at(body, "preconditions", "resourceVersion")),
                query.containsKey("dryRun") || !body.path("dryRun").isEmpty());
    }

    private static @Nullable Propagation propagation(JsonNode body, Map<String, String> query) {
        if (body.has("orphanDependents")) {
            return body.path("orphanDependents").asBoolean() ? Propagation.ORPHAN : Propagation.BACKGROUND;
        }
        var text = body.path("propagationPolicy").asText(query.getOrDefault("propagationPolicy", ""));
        return switch (text) {
            case "" -> null;
            case "Background" -> Propagation.BACKGROUND;
            case "Foreground" -> Propagation.FOREGROUND;
            case "Orphan" -> Propagation.ORPHAN;
            default -> throw ApiError.badRequest("unknown propagationPolicy: " + text);
        };
    }

    private static @Nullable Integer parse(@Nullable String number) {
        return number == null ? null : Integer.valueOf(number);
    }

    private static @Nullable String textOrNull(JsonNode node) {
        return node.isTextual() ? node.asText() : null;
    }
}
