package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Shows an object that was written in one version in another: by name only, save Events, whose two APIs name things differently. */
final class Conversion {
    /** Field of {@code v1} to field of {@code events.k8s.io/v1}; the rest is the same in both. */
    private static final Map<String, String> EVENT_FIELDS = Map.of(
            "involvedObject", "regarding",
            "message", "note",
            "source", "deprecatedSource",
            "firstTimestamp", "deprecatedFirstTimestamp",
            "lastTimestamp", "deprecatedLastTimestamp",
            "count", "deprecatedCount",
            "reportingComponent", "reportingController");

    private Conversion() {}

    static ObjectNode to(ResourceType type, ObjectNode stored) {
        if (stored.path("apiVersion").asText().equals(type.apiVersion())) {
            return stored;
        }
        var converted = stored.deepCopy().put("apiVersion", type.apiVersion());
        if (type.equals(ResourceTypes.EVENTS)) {
            EVENT_FIELDS.forEach((core, recent) -> rename(converted, recent, core));
        } else if (type.equals(ResourceTypes.NEW_EVENTS)) {
            EVENT_FIELDS.forEach((core, recent) -> rename(converted, core, recent));
        }
        return converted;
    }

    private static void rename(ObjectNode object, String from, String to) {
        var value = object.remove(from);
        if (value != null) {
            object.set(to, value);
        }
    }
}
