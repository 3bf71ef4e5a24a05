package dev.pgworkerpool.embedded;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the parts of an object merge: which lists are maps by which keys, which are sets, and what is atomic (all or nothing).
 * Custom resources say it in their schema; for built-in ones the names of the fields are enough.
 */
sealed interface MergeSchema {
    /** How a list merges; {@code keys} are those of {@code MAP}. */
    record ListType(Kind kind, List<String> keys) {
        enum Kind {
            ATOMIC,
            SET,
            MAP
        }

        static final ListType ATOMIC = new ListType(Kind.ATOMIC, List.of());
        static final ListType SET = new ListType(Kind.SET, List.of());

        static ListType map(String... keys) {
            return new ListType(Kind.MAP, List.of(keys));
        }
    }

    MergeSchema field(String name);

    MergeSchema item();

    ListType listType();

    boolean isAtomicMap();

    static MergeSchema of(ResourceType type) {
        return type.custom() == null
                ? new BuiltIn("", "")
                : new CustomRoot(type.custom().schema());
    }

    /** Knows the lists of the built-in kinds that we serve by the name of the field. */
    record BuiltIn(String name, String parent) implements MergeSchema {
        private static final Map<String, ListType> LISTS = Map.ofEntries(
                Map.entry("containers", ListType.map("name")),
                Map.entry("initContainers", ListType.map("name")),
                Map.entry("env", ListType.map("name")),
                Map.entry("volumes", ListType.map("name")),
                Map.entry("imagePullSecrets", ListType.map("name")),
                Map.entry("secrets", ListType.map("name")),
                Map.entry("volumeMounts", ListType.map("mountPath")),
                Map.entry("hostAliases", ListType.map("ip")),
                Map.entry("podIPs", ListType.map("ip")),
                Map.entry("conditions", ListType.map("type")),
                Map.entry("ownerReferences", ListType.map("uid")),
                Map.entry("finalizers", ListType.SET));
        private static final Set<String> ATOMIC_MAPS =
                Set.of("selector", "fieldRef", "secretKeyRef", "configMapKeyRef", "resourceFieldRef");

        @Override
        public MergeSchema field(String field) {
            return new BuiltIn(field, name);
        }

        @Override
        public MergeSchema item() {
            return new BuiltIn("", name);
        }

        @Override
        public ListType listType() {
            if (name.equals("ports")) {
                return parent.equals("spec")
                        ? ListType.map("port", "protocol")
                        : ListType.map("containerPort", "protocol");
            }
            return LISTS.getOrDefault(name, ListType.ATOMIC);
        }

        @Override
        public boolean isAtomicMap() {
            return ATOMIC_MAPS.contains(name);
        }
    }

    /** A custom resource as a whole: its metadata is like everybody's. */
    record CustomRoot(StructuralSchema schema) implements MergeSchema {
        @Override
        public MergeSchema field(String name) {
            return name.equals("metadata") ? new BuiltIn(name, "") : new Custom(schema.child(name));
        }

        @Override
        public MergeSchema item() {
            throw new IllegalStateException("an object is no list");
        }

        @Override
        public ListType listType() {
            return ListType.ATOMIC;
        }

        @Override
        public boolean isAtomicMap() {
            return false;
        }
    }

    /** A part of a custom resource; what the schema does not know is made of maps and atomic lists. */
    record Custom(@Nullable StructuralSchema schema) implements MergeSchema {
        @Override
        public MergeSchema field(String name) {
            return new Custom(schema == null ? null : schema.child(name));
        }

        @Override
        public MergeSchema item() {
            return new Custom(schema == null ? null : schema.items());
        }

        @Override
        public ListType listType() {
            return switch (schema == null ? "atomic" : schema.listType()) {
                case "map" -> new ListType(ListType.Kind.MAP, schema == null ? List.of() : schema.listMapKeys());
                case "set" -> ListType.SET;
                default -> ListType.ATOMIC;
            };
        }

        @Override
        public boolean isAtomicMap() {
            return schema != null
                    && schema.json().path("x-kubernetes-map-type").asText().equals("atomic");
        }
    }
}
