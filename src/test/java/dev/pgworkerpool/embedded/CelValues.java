package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.common.values.NullValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** JSON as CEL sees it. */
final class CelValues {
    /** Reserved words of CEL: a field of such a name is written {@code self.__namespace__} in a rule. */
    private static final Set<String> RESERVED = Set.of(
            "true",
            "false",
            "null",
            "in",
            "as",
            "break",
            "const",
            "continue",
            "else",
            "for",
            "function",
            "if",
            "import",
            "let",
            "loop",
            "package",
            "namespace",
            "return",
            "var",
            "void",
            "while");

    private CelValues() {}

    static Object of(JsonNode value, @Nullable StructuralSchema schema) {
        return switch (value.getNodeType()) {
            case OBJECT -> map(value, schema);
            case ARRAY -> {
                var list = new ArrayList<Object>();
                value.forEach(item -> list.add(of(item, schema == null ? null : schema.items())));
                yield list;
            }
            case STRING -> value.asText();
            case BOOLEAN -> value.asBoolean();
            case NUMBER -> number(value, schema);
            default -> NullValue.NULL_VALUE;
        };
    }

    private static Object number(JsonNode value, @Nullable StructuralSchema schema) {
        var isDouble =
                !value.isIntegralNumber() || (schema != null && schema.type().equals("number"));
        return isDouble ? (Object) value.asDouble() : (Object) value.asLong();
    }

    private static Object map(JsonNode value, @Nullable StructuralSchema schema) {
        var map = new LinkedHashMap<String, Object>();
        value.properties().forEach(e -> {
            var known = schema != null && schema.properties().containsKey(e.getKey());
            map.put(
                    known ? escape(e.getKey()) : e.getKey(),
                    of(e.getValue(), schema == null ? null : schema.child(e.getKey())));
        });
        return map;
    }

    private static String escape(String field) {
        if (RESERVED.contains(field)) {
            return "__" + field + "__";
        }
        return field.replace("__", "__underscores__")
                .replace(".", "__dot__")
                .replace("-", "__dash__")
                .replace("/", "__slash__");
    }
}
