package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** The checks of one value by itself: type, enum, pattern, length and range. */
final class ValueChecks {
    private static final Map<String, Pattern> PATTERNS = new ConcurrentHashMap<>();

    private final String path;
    private final JsonNode value;
    private final JsonNode json;
    private final List<Cause> causes;

    /** @param causes takes what is wrong */
    ValueChecks(String path, JsonNode value, StructuralSchema schema, List<Cause> causes) {
        this.path = path;
        this.value = value;
        this.json = schema.json();
        this.causes = causes;
    }

    /** All checks but the one of the type, which has to come first. */
    void check() {
        checkEnum();
        checkText();
        checkNumber();
    }

    /** Complains about a value of the wrong type, and returns whether it is of the right one. */
    boolean hasType() {
        var type = json.path("type").asText();
        var intOrString = json.path("x-kubernetes-int-or-string").asBoolean();
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
                    "Invalid value: \"%s\": %s in body must be of type %s: \"%s\""
                            .formatted(actual, path, type.isEmpty() ? "integer or string" : type, actual));
        }
        return fits;
    }

    private void checkEnum() {
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
                    "Unsupported value: %s: supported values: %s".formatted(value, String.join(", ", texts)));
        }
    }

    private void checkText() {
        if (!value.isTextual()) {
            return;
        }
        var text = value.asText();
        var length = text.codePointCount(0, text.length());
        if (json.has("maxLength") && length > json.path("maxLength").asInt()) {
            add(
                    "FieldValueTooLong",
                    "Too long: may not be more than %d bytes"
                            .formatted(json.path("maxLength").asInt()));
        }
        if (json.has("minLength") && length < json.path("minLength").asInt()) {
            addInvalid("should be at least %d chars long"
                    .formatted(json.path("minLength").asInt()));
        }
        if (json.has("pattern")
                && !PATTERNS.computeIfAbsent(json.path("pattern").asText(), Pattern::compile)
                        .matcher(text)
                        .find()) {
            addInvalid("should match '%s'".formatted(json.path("pattern").asText()));
        }
        if (json.path("format").asText().equals("date-time") && !isDateTime(text)) {
            add(
                    "FieldValueInvalid",
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

    private void checkNumber() {
        if (!value.isNumber()) {
            return;
        }
        if (json.has("minimum") && value.asDouble() < json.path("minimum").asDouble()) {
            addInvalid("should be greater than or equal to " + plain(json.path("minimum")));
        }
        if (json.has("maximum") && value.asDouble() > json.path("maximum").asDouble()) {
            addInvalid("should be less than or equal to " + plain(json.path("maximum")));
        }
    }

    private void addInvalid(String what) {
        add("FieldValueInvalid", "Invalid value: %s: %s in body %s".formatted(value, path, what));
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

    private void add(String reason, String message) {
        causes.add(new Cause(reason, path, message));
    }
}
