package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who owns which fields of an object: {@code metadata.managedFields}, as a map that is read, changed and written back. */
final class ManagedFields {
    /** One entry is one of these. */
    record Owner(String manager, String operation, String subresource) {
        static Owner applier(String manager, @Nullable String subresource) {
            return new Owner(manager, "Apply", Objects.requireNonNullElse(subresource, ""));
        }

        static Owner updater(String manager, @Nullable String subresource) {
            return new Owner(manager, "Update", Objects.requireNonNullElse(subresource, ""));
        }

        /** As a conflict names it. */
        String show() {
            var text = "conflict with \"%s\"".formatted(manager);
            return subresource.isEmpty() ? text : text + " with subresource \"" + subresource + '"';
        }
    }

    /** Nobody owns what the API itself sets. */
    private static final Set<String> UNOWNED_METADATA = Set.of(
            "name",
            "namespace",
            "uid",
            "creationTimestamp",
            "managedFields",
            "resourceVersion",
            "generation",
            "selfLink",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generateName");

    private final Map<Owner, FieldSet> sets = new LinkedHashMap<>();
    private final Map<Owner, ObjectNode> written = new LinkedHashMap<>();

    private ManagedFields() {}

    static ManagedFields of(JsonNode object) {
        var fields = new ManagedFields();
        for (var entry : Json.at(object, "metadata", "managedFields")) {
            var owner = new Owner(
                    entry.path("manager").asText(),
                    entry.path("operation").asText(),
                    entry.path("subresource").asText());
            if (!owner.manager().isEmpty()) {
                fields.sets.put(owner, FieldSet.fromJson(entry.path("fieldsV1")));
                fields.written.put(owner, (ObjectNode) entry);
            }
        }
        return fields;
    }

    /** The fields of an object that somebody can own who writes it through this subresource. */
    static FieldSet ownable(ObjectNode object, ResourceType type, @Nullable String subresource) {
        return FieldSet.of(object, MergeSchema.of(type)).filter(path -> {
            var first = path.getFirst();
            if (first.equals("f:apiVersion") || first.equals("f:kind")) {
                return false;
            }
            if (first.equals("f:metadata") && path.size() > 1) {
                return subresource == null
                        && !UNOWNED_METADATA.contains(path.get(1).substring(2));
            }
            return !type.hasStatus() || first.equals("f:status") == "status".equals(subresource);
        });
    }

    FieldSet get(Owner owner) {
        return sets.getOrDefault(owner, FieldSet.EMPTY);
    }

    Map<Owner, FieldSet> others(Owner owner) {
        var others = new LinkedHashMap<>(sets);
        others.remove(owner);
        return others;
    }

    void set(Owner owner, FieldSet fields) {
        if (fields.isEmpty()) {
            sets.remove(owner);
        } else {
            sets.put(owner, fields);
        }
    }

    /** Takes these fields from everybody. */
    void disown(Set<List<String>> paths) {
        if (!paths.isEmpty()) {
            for (var owner : List.copyOf(sets.keySet())) {
                set(owner, get(owner).minus(paths));
            }
        }
    }

    /** Takes note of a plain write: who changes a field owns it, and nobody owns it with them. */
    void noteUpdate(Owner owner, ObjectNode before, ObjectNode after, ResourceType type) {
        var subresource = owner.subresource().isEmpty() ? null : owner.subresource();
        var now = ownable(after, type, subresource);
        var changed = now.filter(path -> hasChanged(path, before, after));
        var gone = ownable(before, type, subresource).minus(now.paths());
        disown(gone.paths());
        disown(changed.paths());
        set(owner, get(owner).plus(changed));
    }

    /** Of an item of a list only its coming counts; what is in it has paths of its own. */
    private static boolean hasChanged(List<String> path, ObjectNode before, ObjectNode after) {
        var old = FieldSet.resolve(before, path);
        return isItem(path) ? old == null : !Objects.equals(old, FieldSet.resolve(after, path));
    }

    private static boolean isItem(List<String> path) {
        return path.getLast().equals(".");
    }

    /** Writes the entries back; what did not change keeps its time. */
    void writeTo(ObjectNode object, String apiVersion) {
        var entries = new ArrayList<ObjectNode>();
        sets.forEach((owner, set) -> {
            var json = set.toJson();
            var old = written.get(owner);
            entries.add(old != null && old.path("fieldsV1").equals(json) ? old : entry(owner, apiVersion, json));
        });
        var metadata = Json.metadata(object);
        if (entries.isEmpty()) {
            metadata.remove("managedFields");
        } else {
            metadata.putArray("managedFields").addAll(entries);
        }
    }

    private static ObjectNode entry(Owner owner, String apiVersion, ObjectNode fields) {
        var entry = Json.object()
                .put("manager", owner.manager())
                .put("operation", owner.operation())
                .put("apiVersion", apiVersion)
                .put("time", Json.now())
                .put("fieldsType", "FieldsV1");
        entry.set("fieldsV1", fields);
        return owner.subresource().isEmpty() ? entry : entry.put("subresource", owner.subresource());
    }
}
