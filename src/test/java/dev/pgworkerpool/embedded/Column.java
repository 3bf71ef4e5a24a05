package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * One column of what {@code kubectl get} prints.
 *
 * @param priority 0: always; more: only with {@code -o wide}
 */
record Column(String name, String type, int priority, String description, Function<ObjectNode, JsonNode> cell) {
    static final Column NAME = text("Name", Json::name);
    static final Column AGE =
            text("Age", object -> HumanDuration.since(Json.text(object, "metadata", "creationTimestamp")));

    static Column text(String name, Function<ObjectNode, String> cell) {
        return new Column(name, "string", 0, "", object -> TextNode.valueOf(cell.apply(object)));
    }

    static Column number(String name, ToIntFunction<ObjectNode> cell) {
        return new Column(name, "integer", 0, "", object -> IntNode.valueOf(cell.applyAsInt(object)));
    }

    Column wide() {
        return new Column(name, type, 1, description, cell);
    }

    /** An {@code additionalPrinterColumns} entry. */
    static Column of(JsonNode definition) {
        var type = definition.path("type").asText();
        var path = definition.path("jsonPath").asText();
        return new Column(
                definition.path("name").asText(),
                type,
                definition.path("priority").asInt(),
                definition.path("description").asText(),
                object -> JsonPath.first(object, path)
                        .map(value -> cell(value, type))
                        .orElse(NullNode.instance));
    }

    /** A value that is not of the type of its column leaves the cell empty, except that everything can be text. */
    private static JsonNode cell(JsonNode value, String type) {
        return switch (type) {
            case "date" -> TextNode.valueOf(HumanDuration.since(value.asText()));
            case "integer" -> value.isNumber() ? LongNode.valueOf(value.asLong()) : NullNode.instance;
            case "number" -> value.isNumber() ? value : NullNode.instance;
            case "boolean" -> value.isBoolean() ? BooleanNode.valueOf(value.asBoolean()) : NullNode.instance;
            default -> value.isTextual() ? value : TextNode.valueOf(value.toString());
        };
    }
}
