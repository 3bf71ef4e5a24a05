package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.MergeSchema.ListType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A set of fields of an object, each a path of the steps that {@code managedFields} uses: {@code f:name} a field,
 * {@code k:{"name":"x"}} the item of a list with these keys, {@code v:"x"} the member of a set, {@code .} the item itself.
 */
record FieldSet(Set<List<String>> paths) {
    static final FieldSet EMPTY = new FieldSet(Set.of());

    /** The leaves of a value. */
    static FieldSet of(JsonNode value, MergeSchema schema) {
        var paths = new LinkedHashSet<List<String>>();
        collect(value, schema, List.of(), paths);
        return new FieldSet(paths);
    }

    private static void collect(JsonNode value, MergeSchema schema, List<String> path, Set<List<String>> paths) {
        if (value instanceof ObjectNode object && !object.isEmpty() && !schema.isAtomicMap()) {
            object.properties()
                    .forEach(
                            e -> collect(e.getValue(), schema.field(e.getKey()), plus(path, "f:" + e.getKey()), paths));
        } else if (value instanceof ArrayNode array && schema.listType().kind() == ListType.Kind.MAP) {
            for (var item : array) {
                var itemPath = plus(path, keyStep(item, schema.listType().keys()));
                paths.add(plus(itemPath, "."));
                collect(item, schema.item(), itemPath, paths);
            }
        } else if (value instanceof ArrayNode array && schema.listType().kind() == ListType.Kind.SET) {
            array.forEach(item -> paths.add(plus(path, "v:" + item)));
        } else if (!path.isEmpty()) {
            paths.add(path);
        }
    }

    /** Reads {@code fieldsV1}. */
    static FieldSet fromJson(JsonNode fieldsV1) {
        var paths = new LinkedHashSet<List<String>>();
        read(fieldsV1, List.of(), paths);
        return new FieldSet(paths);
    }

    private static void read(JsonNode node, List<String> path, Set<List<String>> paths) {
        if (node.isEmpty() && !path.isEmpty()) {
            paths.add(path);
        }
        node.properties().forEach(e -> read(e.getValue(), plus(path, e.getKey()), paths));
    }

    ObjectNode toJson() {
        var root = Json.object();
        for (var path : paths) {
            var node = root;
            for (var step : path) {
                node = node.get(step) instanceof ObjectNode known ? known : node.putObject(step);
            }
        }
        return root;
    }

    boolean isEmpty() {
        return paths.isEmpty();
    }

    boolean contains(List<String> path) {
        return paths.contains(path);
    }

    /** Whether it has this path or one below it. */
    boolean touches(List<String> path) {
        return paths.stream()
                .anyMatch(p ->
                        p.size() >= path.size() && p.subList(0, path.size()).equals(path));
    }

    FieldSet plus(FieldSet other) {
        var all = new LinkedHashSet<>(paths);
        all.addAll(other.paths);
        return new FieldSet(all);
    }

    FieldSet minus(Collection<List<String>> others) {
        return filter(path -> !others.contains(path));
    }

    FieldSet filter(Predicate<List<String>> kept) {
        var some = new LinkedHashSet<>(paths);
        some.removeIf(kept.negate());
        return new FieldSet(some);
    }

    /** The value that the path leads to; null if there is none. */
    static @Nullable JsonNode resolve(JsonNode root, List<String> path) {
        JsonNode node = root;
        for (var step : path) {
            if (node == null) {
                return null;
            }
            node = switch (step.substring(0, 1)) {
                case "f" -> node.get(step.substring(2));
                case "k" -> item(node, step);
                case "v" -> member(node, step);
                default -> node;
            };
        }
        return node;
    }

    static @Nullable JsonNode item(JsonNode list, String keyStep) {
        var keys = Json.parse(keyStep.substring(2));
        for (var item : list) {
            if (keys.properties().stream().allMatch(e -> e.getValue().equals(item.get(e.getKey())))) {
                return item;
            }
        }
        return null;
    }

    private static @Nullable JsonNode member(JsonNode list, String valueStep) {
        for (var item : list) {
            if (valueStep.equals("v:" + item)) {
                return item;
            }
        }
        return null;
    }

    static String keyStep(JsonNode item, List<String> keys) {
        var object = Json.object();
        for (var key : keys) {
            if (item.has(key)) {
                object.set(key, item.get(key));
            }
        }
        return "k:" + object;
    }

    /** The path as messages show it: {@code .spec.containers[name="worker"].image}. */
    static String show(List<String> path) {
        var text = new StringBuilder();
        for (var step : path) {
            switch (step.substring(0, 1)) {
                case "f" -> text.append('.').append(step.substring(2));
                case "k" -> {
                    var keys = new ArrayList<String>();
                    Json.parse(step.substring(2)).properties().forEach(e -> keys.add(e.getKey() + "=" + e.getValue()));
                    text.append('[').append(String.join(",", keys)).append(']');
                }
                case "v" -> text.append('[').append(step.substring(2)).append(']');
                default -> {
                    // the item itself adds nothing to the path
                }
            }
        }
        return text.toString();
    }

    private static List<String> plus(List<String> path, String step) {
        var longer = new ArrayList<String>(path.size() + 1);
        longer.addAll(path);
        longer.add(step);
        return longer;
    }
}
