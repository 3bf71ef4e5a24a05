package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Checks a custom resource against its schema, with the messages of the real API. What did not change since the old object
 * is not complained about (ratcheting, KEP-4008), so a stricter schema does not lock up old objects.
 */
final class SchemaValidator {
    /** Rules in CEL are not run on objects that are wrong in such a way that the rules could not make sense of them. */
    private static final Set<String> BLOCKING =
            Set.of("FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid");

    private static final Map<String, Pattern> PATTERNS = new java.util.concurrent.ConcurrentHashMap<>();

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
        if (!hasType(path, value, schema)) {
            return;
        }
        checkEnum(path, value, schema.json());
        switch (value) {
            case ObjectNode object -> checkObject(path, object, old, schema);
            case ArrayNode array -> checkArray(path, array, old, schema);
            default -> {
                checkText(path, value, schema.json());
                checkNumber(path, value, schema.json());
            }
        }
    }

    private boolean hasType(String path, JsonNode value, StructuralSchema schema) {
        var type = schema.type();
        var intOrString = schema.json().path("x-kubernetes-int-or-string").asBoolean();
        var fits = switch (type) {
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            default -> !intOrString || value.isTextual() || value.isIntegralNumber();
        };
        if (!fits) {
            var actual = value.isNull() ? "null" : typeName(value);
            add(
                    "FieldValueTypeInvalid",
                    path,
                    "Invalid value: \"%s\": %s in body must be of type %s: \"%s\""
                            .formatted(actual, path, type.isEmpty() ? "integer or string" : type, actual));
        }
        return fits;
    }

    private void checkEnum(String path, JsonNode value, JsonNode json) {
        var allowed = json.path("enum");
        if (allowed.isArray()) {
            var texts = new ArrayList<String>();
            for (var one : allowed) {
                if (one.equals(value)) {
                    return;
                }
                texts.add(one.toString());
            }
            add(
                    "FieldValueNotSupported",
                    path,
                    "Unsupported value: %s: supported values: %s".formatted(value, String.join(", ", texts)));
        }
    }

    private void checkText(String path, JsonNode value, JsonNode json) {
        if (!value.isTextual()) {
            return;
        }
        var text = value.asText();
        var length = text.codePointCount(0, text.length());
        if (json.has("maxLength") && length > json.path("maxLength").asInt()) {
            add(
                    "FieldValueTooLong",
                    path,
                    "Too long: may not be more than %d bytes"
                            .formatted(json.path("maxLength").asInt()));
        }
        if (json.has("minLength") && length < json.path("minLength").asInt()) {
            addInvalid(
                    path,
                    value,
                    "should be at least %d chars long"
                            .formatted(json.path("minLength").asInt()));
        }
        if (json.has("pattern")
                && !PATTERNS.computeIfAbsent(json.path("pattern").asText(), Pattern::compile)
                        .matcher(text)
                        .find()) {
            addInvalid(
                    path,
                    value,
                    "should match '%s'".formatted(json.path("pattern").asText()));
        }
        if (json.path("format").asText().equals("date-time") && !isDateTime(text)) {
            add(
                    "FieldValueInvalid",
                    path,
                    "Invalid value: %s: %s in body must be of type date-time: %s".formatted(value, path, value));
        }
    }

    private static boolean isDateTime(String text) {
        try {
            return OffsetDateTime.parse(text) != null;
        } catch (DateTimeParseException e) {
            return false;
        }
    }

    private void checkNumber(String path, JsonNode value, JsonNode json) {
        if (!value.isNumber()) {
            return;
        }
        if (json.has("minimum") && value.asDouble() < json.path("minimum").asDouble()) {
            addInvalid(path, value, "should be greater than or equal to " + plain(json.path("minimum")));
        }
        if (json.has("maximum") && value.asDouble() > json.path("maximum").asDouble()) {
            addInvalid(path, value, "should be less than or equal to " + plain(json.path("maximum")));
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
        switch (value) {
            case ObjectNode object ->
                object.properties().forEach(e -> {
                    var child = schema.child(e.getKey());
                    if (child != null) {
                        checkRules(
                                join(path, e.getKey()), e.getValue(), old == null ? null : old.get(e.getKey()), child);
                    }
                });
            case ArrayNode array
            when schema.items() != null -> {
                for (int i = 0; i < array.size(); i++) {
                    checkRules(
                            path + "[" + i + "]",
                            array.get(i),
                            schema.listType().equals("map") ? counterpart(array.get(i), i, old, schema) : null,
                            schema.items());
                }
            }
            default -> {
                // a plain value has nothing below it
            }
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

    private void addInvalid(String path, JsonNode value, String what) {
        add("FieldValueInvalid", path, "Invalid value: %s: %s in body %s".formatted(value, path, what));
    }

    private void add(String reason, String path, String message) {
        causes.add(new Cause(reason, path, message));
    }

    private static String join(String path, String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    private static String typeName(JsonNode value) {
        return switch (value.getNodeType()) {
            case STRING -> "string";
            case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
            case BOOLEAN -> "boolean";
            case ARRAY -> "array";
            default -> "object";
        };
    }

    /** Generated definitions say {@code 1.0} where they mean {@code 1}. */
    private static String plain(JsonNode number) {
        return number.decimalValue().stripTrailingZeros().toPlainString();
    }
}
