package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import dev.pgworkerpool.embedded.ManagedFields.Owner;
import dev.pgworkerpool.embedded.MergeSchema.ListType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Server-side apply: merges what a manager wants into the object, removes what it wanted before and wants no longer, and
 * refuses to change what others own unless it is forced to.
 */
final class ServerSideApply {
    private final ResourceType type;
    private final Owner owner;
    private final boolean force;

    ServerSideApply(ResourceType type, Owner owner, boolean force) {
        this.type = type;
        this.owner = owner;
        this.force = force;
    }

    /** The object that results, with its managed fields; {@code live} is an empty object if there is none yet. */
    ObjectNode apply(ObjectNode live, ObjectNode wanted) {
        var subresource = owner.subresource().isEmpty() ? null : owner.subresource();
        var fields = ManagedFields.of(live);
        var applied = ManagedFields.ownable(wanted, type, subresource);
        settleConflicts(fields, live, wanted, applied);

        var result = live.deepCopy();
        removeAbandoned(result, fields.get(owner).minus(applied.paths()), fields);
        result = (ObjectNode) merge(result, wanted, MergeSchema.of(type));
        fields.set(owner, applied);
        fields.writeTo(result, type.apiVersion());
        return result;
    }

    private void settleConflicts(ManagedFields fields, ObjectNode live, ObjectNode wanted, FieldSet applied) {
        var causes = new ArrayList<Cause>();
        for (Map.Entry<Owner, FieldSet> other : fields.others(owner).entrySet()) {
            var contested = new HashSet<List<String>>();
            for (var path : applied.paths()) {
                if (other.getValue().contains(path)
                        && !path.getLast().equals(".")
                        && !Objects.equals(FieldSet.resolve(live, path), FieldSet.resolve(wanted, path))) {
                    contested.add(path);
                    causes.add(new Cause("FieldManagerConflict", FieldSet.show(path), describe(other.getKey())));
                }
            }
            fields.set(other.getKey(), other.getValue().minus(contested));
        }
        if (!force && !causes.isEmpty()) {
            throw ApiError.applyConflict(causes);
        }
    }

    private String describe(Owner other) {
        return other.operation().equals("Apply") ? other.show() : other.show() + " using " + type.apiVersion();
    }

    private void removeAbandoned(ObjectNode object, FieldSet abandoned, ManagedFields fields) {
        var others = fields.others(owner).values();
        abandoned.paths().stream()
                .filter(path -> others.stream().noneMatch(other -> other.contains(path)))
                // The fields of an item before the item itself, which goes when nobody else has something in it.
                .sorted(Comparator.comparingInt((List<String> path) -> path.size())
                        .reversed())
                .forEach(path -> {
                    if (!path.getLast().equals(".")) {
                        remove(object, path);
                    } else if (others.stream().noneMatch(other -> other.touches(path.subList(0, path.size() - 1)))) {
                        remove(object, path.subList(0, path.size() - 1));
                    }
                });
    }

    private static void remove(ObjectNode root, List<String> path) {
        var parent = FieldSet.resolve(root, path.subList(0, path.size() - 1));
        var step = path.getLast();
        if (parent instanceof ObjectNode object) {
            object.remove(step.substring(2));
            removeIfEmpty(root, path.subList(0, path.size() - 1), object);
        } else if (parent instanceof ArrayNode array) {
            var gone = step.startsWith("k:") ? FieldSet.item(array, step) : null;
            array.removeIf(item -> item.equals(gone) || step.equals("v:" + item));
            removeIfEmpty(root, path.subList(0, path.size() - 1), array);
        }
    }

    private static void removeIfEmpty(ObjectNode root, List<String> path, JsonNode container) {
        // Keeps the big parts of the object and the items of lists, whose keys are still there anyway.
        if (container.isEmpty() && path.size() > 1 && path.getLast().startsWith("f:")) {
            remove(root, path);
        }
    }

    private static JsonNode merge(JsonNode base, JsonNode wanted, MergeSchema schema) {
        if (wanted instanceof ObjectNode object && base instanceof ObjectNode target && !schema.isAtomicMap()) {
            object.properties().forEach(e -> {
                var current = target.path(e.getKey());
                target.set(e.getKey(), merge(current, e.getValue(), schema.field(e.getKey())));
            });
            return target;
        }
        if (wanted instanceof ArrayNode items && base instanceof ArrayNode target) {
            return switch (schema.listType().kind()) {
                case ATOMIC -> items.deepCopy();
                case SET -> union(target, items);
                case MAP -> mergeItems(target, items, schema.listType(), schema.item());
            };
        }
        return wanted.deepCopy();
    }

    private static ArrayNode union(ArrayNode target, ArrayNode items) {
        for (var item : items) {
            if (FieldSet.resolve(target, List.of("v:" + item)) == null) {
                target.add(item);
            }
        }
        return target;
    }

    private static ArrayNode mergeItems(ArrayNode target, ArrayNode items, ListType type, MergeSchema schema) {
        for (var item : items) {
            var step = FieldSet.keyStep(item, type.keys());
            var known = FieldSet.item(target, step);
            if (known == null) {
                target.add(item.deepCopy());
            } else {
                merge(known, item, schema);
            }
        }
        return target;
    }
}
