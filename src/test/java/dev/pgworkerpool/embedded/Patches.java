package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.MergeSchema.ListType;
import io.fabric8.zjsonpatch.JsonPatch;
import java.util.List;

/** The patches that change an object without regard to who owns what: JSON patch, JSON merge patch, strategic merge patch. */
final class Patches {
    static final String JSON = "application/json-patch+json";
    static final String MERGE = "application/merge-patch+json";
    static final String STRATEGIC = "application/strategic-merge-patch+json";
    static final String APPLY = "application/apply-patch+yaml";

    private Patches() {}

    /** Applies the patch to a copy of the object. */
    static ObjectNode patch(ObjectNode object, String mediaType, byte[] body, ResourceType type) {
        if (type.isCustom() && mediaType.equals(STRATEGIC)) {
            throw unsupported(type);
        }
        return switch (mediaType) {
            case JSON -> jsonPatch(object, body);
            case MERGE -> (ObjectNode) merge(object.deepCopy(), Json.parse(body));
            case STRATEGIC -> (ObjectNode) strategicMerge(object.deepCopy(), Json.parse(body), MergeSchema.of(type));
            default -> throw unsupported(type);
        };
    }

    /** Lists of custom resources have no merge keys that a client could know, so there is no strategic merge for them. */
    private static ApiError unsupported(ResourceType type) {
        return ApiError.unsupportedMediaType(String.join(
                ", ", type.isCustom() ? List.of(JSON, MERGE, APPLY) : List.of(JSON, MERGE, STRATEGIC, APPLY)));
    }

    private static ObjectNode jsonPatch(ObjectNode object, byte[] body) {
        try {
            return (ObjectNode) JsonPatch.apply(Json.parseAny(body), object.deepCopy());
        } catch (RuntimeException e) {
            throw ApiError.patchFailed();
        }
    }

    /** RFC 7386. */
    private static JsonNode merge(JsonNode base, JsonNode patch) {
        if (!(patch instanceof ObjectNode changes)) {
            return patch;
        }
        var target = base instanceof ObjectNode object ? object : Json.object();
        changes.properties().forEach(e -> {
            if (e.getValue().isNull()) {
                target.remove(e.getKey());
            } else {
                target.set(e.getKey(), merge(target.path(e.getKey()), e.getValue()));
            }
        });
        return target;
    }

    private static JsonNode strategicMerge(JsonNode base, JsonNode patch, MergeSchema schema) {
        if (patch instanceof ObjectNode changes) {
            return strategicMergeObject(base, changes, schema);
        }
        if (patch instanceof ArrayNode items && base instanceof ArrayNode target) {
            return switch (schema.listType().kind()) {
                case ATOMIC -> items;
                case SET -> {
                    items.forEach(item -> {
                        if (FieldSet.resolve(target, List.of("v:" + item)) == null) {
                            target.add(item);
                        }
                    });
                    yield target;
                }
                case MAP -> strategicMergeItems(target, items, schema.listType(), schema.item());
            };
        }
        return patch;
    }

    private static JsonNode strategicMergeObject(JsonNode base, ObjectNode changes, MergeSchema schema) {
        var directive = changes.path("$patch").asText();
        var target = base instanceof ObjectNode object && !directive.equals("replace") ? object : Json.object();
        changes.properties().forEach(e -> {
            var field = e.getKey();
            if (field.startsWith("$deleteFromPrimitiveList/")) {
                removeMembers(target.path(field.substring(field.indexOf('/') + 1)), e.getValue());
            } else if (field.startsWith("$")) {
                return; // the wanted order of a list and the like: nothing depends on it
            } else if (e.getValue().isNull()) {
                target.remove(field);
            } else {
                target.set(field, strategicMerge(target.path(field), e.getValue(), schema.field(field)));
            }
        });
        return target;
    }

    private static ArrayNode strategicMergeItems(ArrayNode target, ArrayNode items, ListType type, MergeSchema schema) {
        for (var item : items) {
            if (item.path("$patch").asText().equals("replace")) {
                target.removeAll();
                continue;
            }
            var known = FieldSet.item(target, FieldSet.keyStep(item, type.keys()));
            if (item.path("$patch").asText().equals("delete")) {
                target.removeIf(one -> one.equals(known));
            } else if (known == null) {
                target.add(item);
            } else {
                strategicMerge(known, item, schema);
            }
        }
        return target;
    }

    private static void removeMembers(JsonNode list, JsonNode gone) {
        if (list instanceof ArrayNode array) {
            for (var value : gone) {
                array.removeIf(value::equals);
            }
        }
    }
}
