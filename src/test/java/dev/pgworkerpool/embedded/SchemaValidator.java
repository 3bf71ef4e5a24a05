package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks a custom resource against its schema, with the messages of the real API. What did not change since the old object
 * is not complained about (ratcheting, KEP-4008), so a stricter schema does not lock up old objects.
 */
final class SchemaValidator {
    /** Rules in CEL are not run on objects that are wrong in such a way that the rules could not make sense of them. */
    private static final Set<String> BLOCKING =
            Set.of("FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid");

    private final List<Cause> causes = new ArrayList<>();

    private SchemaValidator() {}

    /** All that is wrong with the object; {@code old} is what it replaces, null for a new one. */
    static List<Cause> validate(ObjectNode object, @Nullable ObjectNode old, StructuralSchema schema) {
        var validator = new SchemaValidator();
        validator.check("", object, old, schema);
        if (validator.causes.stream().anyMatch(cause -> BLOCKING.contains(cause.reason()))) {
            validator.add(
                    "FieldValueInvalid",
                    "<nil>",
                    "Invalid value: \"null\": some validation rules were not checked because the object was invalid;"
                            + " correct the existing errors to complete validation");
            return validator.causes;
        }
        validator.checkRules("", object, old, schema);
        return validator.causes;
    }

    private void check(String path, JsonNode value, @Nullable JsonNode old, StructuralSchema schema) {
        if (value.equals(old) || (value.isNull() && schema.nullable())) {
            return;
        }
        var checks = new ValueChecks(path, value, schema, causes);
        if (!checks.hasType()) {
            return;
        }
        checks.check();
        if (value instanceof ObjectNode object) {
            checkObject(path, object, old, schema);
        } else if (value instanceof ArrayNode array) {
            checkArray(path, array, old, schema);
        }
    }

    private void checkObject(String path, ObjectNode object, @Nullable JsonNode old, StructuralSchema schema) {
        for (var field : schema.json().path("required")) {
            if (!object.has(field.asText())) {
                add("FieldValueRequired", join(path, field.asText()), "Required value");
            }
        }
        object.properties().forEach(e -> {
            var child = schema.child(e.getKey());
            if (child != null && !(path.isEmpty() && e.getKey().equals("metadata"))) {
                check(join(path, e.getKey()), e.getValue(), old == null ? null : old.get(e.getKey()), child);
            }
        });
    }

    private void checkArray(String path, ArrayNode array, @Nullable JsonNode old, StructuralSchema schema) {
        var json = schema.json();
        if (json.has("maxItems") && array.size() > json.path("maxItems").asInt()) {
            add(
                    "FieldValueTooMany",
                    path,
                    "Too many: %d: must have at most %d items"
                            .formatted(array.size(), json.path("maxItems").asInt()));
        }
        if (json.has("minItems") && array.size() < json.path("minItems").asInt()) {
            add(
                    "FieldValueInvalid",
                    path,
                    "Invalid value: %d: %s in body should have at least %d items"
                            .formatted(array.size(), path, json.path("minItems").asInt()));
        }
        var seen = new HashSet<JsonNode>();
        for (int i = 0; i < array.size(); i++) {
            var item = array.get(i);
            var itemPath = path + "[" + i + "]";
            var identity = identity(item, schema);
            if (!schema.listType().equals("atomic") && !seen.add(identity)) {
                add("FieldValueDuplicate", itemPath, "Duplicate value: " + identity);
            }
            if (schema.items() != null) {
                check(itemPath, item, counterpart(item, i, old, schema), schema.items());
            }
        }
    }

    private void checkRules(String path, JsonNode value, @Nullable JsonNode old, StructuralSchema schema) {
        for (var rule : schema.rules()) {
            if (rule.isTransition() || !value.equals(old)) {
                rule.check(value, old, schema).ifPresent(message -> {
                    var where = rule.fieldPath().isEmpty() ? path : join(path, rule.fieldPath());
                    add(rule.reason(), where, rule.describe(schema.type(), message));
                });
            }
        }
        if (value instanceof ObjectNode object) {
            checkRulesOfFields(path, object, old, schema);
        } else if (value instanceof ArrayNode array && schema.items() != null) {
            checkRulesOfItems(path, array, old, schema, schema.items());
        }
    }

    private void checkRulesOfFields(String path, ObjectNode object, @Nullable JsonNode old, StructuralSchema schema) {
        object.properties().forEach(e -> {
            var child = schema.child(e.getKey());
            if (child != null) {
                checkRules(join(path, e.getKey()), e.getValue(), old == null ? null : old.get(e.getKey()), child);
            }
        });
    }

    /** Only the items of a list that is a map are known to have been something before. */
    private void checkRulesOfItems(
            String path, ArrayNode array, @Nullable JsonNode old, StructuralSchema schema, StructuralSchema items) {
        for (int i = 0; i < array.size(); i++) {
            var before = schema.listType().equals("map") ? counterpart(array.get(i), i, old, schema) : null;
            checkRules(path + "[" + i + "]", array.get(i), before, items);
        }
    }

    /** The item that this one replaces: of the same keys in a list that is a map, else at the same place. */
    private static @Nullable JsonNode counterpart(
            JsonNode item, int index, @Nullable JsonNode old, StructuralSchema schema) {
        if (!(old instanceof ArrayNode oldArray)) {
            return null;
        }
        if (!schema.listType().equals("map")) {
            return oldArray.get(index);
        }
        var byIdentity = new HashMap<JsonNode, JsonNode>();
        oldArray.forEach(one -> byIdentity.put(identity(one, schema), one));
        return byIdentity.get(identity(item, schema));
    }

    private static JsonNode identity(JsonNode item, StructuralSchema schema) {
        if (!schema.listType().equals("map")) {
            return item;
        }
        var keys = Json.object();
        schema.listMapKeys().forEach(key -> keys.set(key, item.path(key)));
        return keys;
    }

    private void add(String reason, String path, String message) {
        causes.add(new Cause(reason, path, message));
    }

    private static String join(String path, String field) {
        return path.isEmpty() ? field : path + "." + field;
    }
}
