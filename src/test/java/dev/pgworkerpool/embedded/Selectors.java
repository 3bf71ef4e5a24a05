package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Label and field selectors, in the notation of list and watch requests. */
final class Selectors {
    /** {@code key}, {@code !key}, {@code key=value}, {@code key in (a,b)} and so on. */
    private static final Pattern REQUIREMENT =
            Pattern.compile("(!?)\\s*([^\\s!=(),]+)\\s*(?:(==|=|!=|\\bin\\b|\\bnotin\\b)\\s*(.*))?");

    /** Commas outside of parentheses. */
    private static final Pattern SEPARATOR = Pattern.compile(",(?![^(]*\\))");

    private Selectors() {}

    static Predicate<ObjectNode> labels(@Nullable String selector) {
        Predicate<ObjectNode> all = object -> true;
        if (selector == null || selector.isBlank()) {
            return all;
        }
        for (var requirement : SEPARATOR.split(selector, -1)) {
            all = all.and(label(requirement.strip()));
        }
        return all;
    }

    private static Predicate<ObjectNode> label(String requirement) {
        var matcher = REQUIREMENT.matcher(requirement);
        if (!matcher.matches()) {
            throw ApiError.badRequest("unable to parse requirement: " + requirement);
        }
        var key = matcher.group(2);
        var operator = matcher.group(3);
        var operand = matcher.group(4) == null ? "" : matcher.group(4);
        if (operator == null) {
            var wanted = matcher.group(1).isEmpty();
            return object -> labelsOf(object).has(key) == wanted;
        }
        var values = switch (operator) {
            case "in", "notin" -> values(operand);
            default -> Set.of(operand.strip());
        };
        var excluded = operator.equals("!=") || operator.equals("notin");
        return object -> {
            var value = labelsOf(object).get(key);
            return (value != null && values.contains(value.asText())) != excluded;
        };
    }

    private static Set<String> values(String list) {
        return Arrays.stream(list.replaceAll("[()]", "").split(",", -1))
                .map(String::strip)
                .collect(Collectors.toSet());
    }

    private static JsonNode labelsOf(ObjectNode object) {
        return Json.at(object, "metadata", "labels");
    }

    /** Real servers know a handful of fields a type and refuse the rest; this one knows every field with a plain value. */
    static Predicate<ObjectNode> fields(@Nullable String selector) {
        Predicate<ObjectNode> all = object -> true;
        if (selector == null || selector.isBlank()) {
            return all;
        }
        for (var requirement : selector.split(",", -1)) {
            var negative = requirement.contains("!=");
            var parts = requirement.split("!=|==|=", 2);
            if (parts.length != 2) {
                throw ApiError.badRequest(
                        "invalid selector: '%s'; can't understand '%s'".formatted(selector, requirement));
            }
            var path = parts[0].strip().split("\\.");
            var value = parts[1].strip();
            all = all.and(object -> Json.text(object, path).equals(value) != negative);
        }
        return all;
    }
}
