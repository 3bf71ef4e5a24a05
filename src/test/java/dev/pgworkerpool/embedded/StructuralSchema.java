package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The schema of a custom resource: drops fields it does not know and fills in defaults, as the API does before it validates
 * (see {@link SchemaValidator}).
 *
 * @param properties the known fields
 * @param items of an array
 * @param values of a map ({@code additionalProperties})
 * @param open whether unknown fields stay
 */
record StructuralSchema(
        JsonNode json,
        Map<String, StructuralSchema> properties,
        @Nullable StructuralSchema items,
        @Nullable StructuralSchema values,
        boolean open,
        List<CelRule> rules) {
    /** What every object has; {@code metadata} has rules of its own. */
    private static final Set<String> ENVELOPE = Set.of("apiVersion", "kind", "metadata");

    static StructuralSchema of(JsonNode json) {
        var properties = new LinkedHashMap<String, StructuralSchema>();
        json.path("properties").properties().forEach(e -> properties.put(e.getKey(), of(e.getValue())));
        var additional = json.path("additionalProperties");
        return new StructuralSchema(
                json,
                properties,
                json.path("items").isObject() ? of(json.path("items")) : null,
                additional.isObject() ? of(additional) : null,
                json.path("x-kubernetes-preserve-unknown-fields").asBoolean() || additional.asBoolean(),
                CelRule.of(json.path("x-kubernetes-validations")));
    }

    String type() {
        return json.path("type").asText();
    }

    boolean nullable() {
        return json.path("nullable").asBoolean();
    }

    /** {@code atomic}, {@code set} or {@code map}. */
    String listType() {
        return json.path("x-kubernetes-list-type").asText("atomic");
    }

    List<String> listMapKeys() {
        var keys = new ArrayList<String>();
        json.path("x-kubernetes-list-map-keys").forEach(key -> keys.add(key.asText()));
        return keys;
    }

    @Nullable
    StructuralSchema child(String field) {
        var property = properties.get(field);
        return property != null ? property : values;
    }

    /** Removes what the schema does not know from a whole object; returns the paths of what it removed. */
    List<String> prune(ObjectNode object) {
        var removed = new ArrayList<String>();
        for (var field : fieldNames(object)) {
            if (!ENVELOPE.contains(field)) {
                pruneField(object, field, field, removed);
            }
        }
        return removed;
    }

    private void prune(JsonNode value, String path, List<String> removed) {
        if (value instanceof ObjectNode object) {
            fieldNames(object).forEach(field -> pruneField(object, field, path + "." + field, removed));
        } else if (value instanceof ArrayNode array && items != null) {
            for (int i = 0; i < array.size(); i++) {
                items.prune(array.get(i), path + "[" + i + "]", removed);
            }
        }
    }

    private void pruneField(ObjectNode object, String field, String path, List<String> removed) {
        var child = child(field);
        if (child != null) {
            child.prune(object.path(field), path, removed);
        } else if (!open && type().equals("object")) {
            object.remove(field);
            removed.add(path);
        }
    }

    /** Fills in the defaults of absent fields, in objects that are there. */
    void applyDefaults(JsonNode value) {
        if (value instanceof ObjectNode object) {
            properties.forEach((field, child) -> child.applyDefault(object, field));
            if (values != null) {
                object.properties().forEach(e -> {
                    if (!properties.containsKey(e.getKey())) {
                        values.applyDefaults(e.getValue());
                    }
                });
            }
        } else if (value instanceof ArrayNode array && items != null) {
            array.forEach(items::applyDefaults);
        }
    }

    private void applyDefault(ObjectNode parent, String field) {
        var fallback = json.get("default");
        if (fallback != null && (!parent.has(field) || (parent.path(field).isNull() && !nullable()))) {
            parent.set(field, fallback.deepCopy());
        }
        if (parent.has(field)) {
            applyDefaults(parent.path(field));
        }
    }

    private static List<String> fieldNames(ObjectNode object) {
        var names = new ArrayList<String>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
