package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The JSON path of a printer column: fields, indexes, {@code [*]} and filters such as
 * {@code .status.conditions[?(@.type=="Ready")].status}.
 */
final class JsonPath {
    private static final Pattern STEP = Pattern.compile("""
        \\.((?:[A-Za-z0-9_$-]|\\\\\\.)+)|\\['([^']*)'\\]|\\[(\\d+)\\]|\\[(\\*)\\]|\\[\\?\\(@\\.([\\w.]+)\\s*==\\s*["']([^"']*)["']\\)\\]\
        """.strip());

    private JsonPath() {}

    /** The first value that the path leads to. */
    static Optional<JsonNode> first(JsonNode root, String path) {
        var nodes = List.of(root);
        var step = STEP.matcher(path);
        while (step.find()) {
            var next = new ArrayList<JsonNode>();
            for (var node : nodes) {
                if (step.group(1) != null) {
                    next.add(node.path(step.group(1).replace("\\.", ".")));
                } else if (step.group(2) != null) {
                    next.add(node.path(step.group(2)));
                } else if (step.group(3) != null) {
                    next.add(node.path(Integer.parseInt(step.group(3))));
                } else if (step.group(4) != null) {
                    node.forEach(next::add);
                } else {
                    var field = step.group(5).split("\\.");
                    node.forEach(item -> {
                        if (Json.text(item, field).equals(step.group(6))) {
                            next.add(item);
                        }
                    });
                }
            }
            nodes = next;
        }
        return nodes.stream()
                .filter(node -> !node.isMissingNode() && !node.isNull())
                .findFirst();
    }
}
