package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** Reading and writing Kubernetes objects as JSON trees. */
final class Json {
    /**
     * Everything beyond ASCII is escaped, because the fabric8 client cannot read it from a watch over plain HTTP: it decodes
     * into an array that is as long as the bytes were and reads on to the end of it.
     */
    private static final ObjectMapper MAPPER =
            JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    private static final KubernetesSerialization KUBERNETES = new KubernetesSerialization();

    private Json() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static ObjectNode parse(byte[] body) {
        return parse(new String(body, StandardCharsets.UTF_8));
    }

    /** Reads one object from JSON or YAML. */
    static ObjectNode parse(String text) {
        try {
            var node = text.stripLeading().startsWith("{")
                    ? MAPPER.readTree(text)
                    : KUBERNETES.unmarshal(text, JsonNode.class);
            if (node instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException | RuntimeException e) {
            throw ApiError.badRequest("the object provided is unrecognized: " + e.getMessage());
        }
        throw ApiError.badRequest("the object provided is unrecognized: not an object");
    }

    static JsonNode parseAny(byte[] body) {
        try {
            return MAPPER.readTree(new String(body, StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw ApiError.badRequest("error decoding patch: " + e.getMessage());
        }
    }

    static byte[] bytes(JsonNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static ObjectNode tree(Object value) {
        return KUBERNETES.convertValue(value, ObjectNode.class);
    }

    static <T> T typed(ObjectNode object, Class<T> type) {
        return KUBERNETES.convertValue(object, type);
    }

    /** The text at this path, empty if there is none. */
    static String text(JsonNode node, String... path) {
        return at(node, path).asText("");
    }

    static JsonNode at(JsonNode node, String... path) {
        var current = node;
        for (var step : path) {
            current = current.path(step);
        }
        return current;
    }

    static ObjectNode metadata(ObjectNode object) {
        return object.withObject("/metadata");
    }

    static String name(JsonNode object) {
        return text(object, "metadata", "name");
    }

    static String namespace(JsonNode object) {
        return text(object, "metadata", "namespace");
    }

    static String uid(JsonNode object) {
        return text(object, "metadata", "uid");
    }

    static long resourceVersion(JsonNode object) {
        return at(object, "metadata", "resourceVersion").asLong();
    }

    static boolean isBeingDeleted(JsonNode object) {
        return at(object, "metadata").hasNonNull("deletionTimestamp");
    }

    /** The present as the API writes it: UTC, whole seconds. */
    static String now() {
        return time(Instant.now());
    }

    static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    static void setOrRemove(ObjectNode object, String field, @Nullable JsonNode value) {
        if (value == null || value.isMissingNode()) {
            object.remove(field);
        } else {
            object.set(field, value);
        }
    }
}
