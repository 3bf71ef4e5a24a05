package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** What a client wants to see of objects: all, only their metadata, or a table to print. Chosen by the Accept header. */
sealed interface Representation {
    ObjectNode object(ObjectNode object);

    ObjectNode list(List<ObjectNode> items, ObjectNode metadata);

    static Representation of(ResourceType type, String accept, String includeObject) {
        if (accept.contains("as=Table")) {
            return new Table(type, includeObject);
        }
        return accept.contains("as=PartialObjectMetadata") ? new MetadataOnly() : new Plain(type);
    }

    private static ObjectNode listOf(String kind, String apiVersion, ObjectNode metadata, List<ObjectNode> items) {
        var list = Json.object().put("kind", kind).put("apiVersion", apiVersion);
        list.set("metadata", metadata);
        list.putArray("items").addAll(items);
        return list;
    }

    private static ObjectNode metadataOf(ObjectNode object) {
        var partial = Json.object().put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/v1");
        partial.set("metadata", object.path("metadata"));
        return partial;
    }

    /** The object as it is. */
    record Plain(ResourceType type) implements Representation {
        @Override
        public ObjectNode object(ObjectNode object) {
            return object;
        }

        @Override
        public ObjectNode list(List<ObjectNode> items, ObjectNode metadata) {
            return listOf(type.kind() + "List", type.apiVersion(), metadata, items);
        }
    }

    /** Names, labels and so on, without spec and status. */
    record MetadataOnly() implements Representation {
        @Override
        public ObjectNode object(ObjectNode object) {
            return metadataOf(object);
        }

        @Override
        public ObjectNode list(List<ObjectNode> items, ObjectNode metadata) {
            return listOf(
                    "PartialObjectMetadataList",
                    "meta.k8s.io/v1",
                    metadata,
                    items.stream().map(Representation::metadataOf).toList());
        }
    }

    /** Rows of cells with the columns of the type. */
    record Table(ResourceType type, String includeObject) implements Representation {
        @Override
        public ObjectNode object(ObjectNode object) {
            var metadata = Json.object();
            metadata.set("resourceVersion", Json.at(object, "metadata", "resourceVersion"));
            return list(List.of(object), metadata);
        }

        @Override
        public ObjectNode list(List<ObjectNode> items, ObjectNode metadata) {
            var columns = columns();
            var table = Json.object().put("kind", "Table").put("apiVersion", "meta.k8s.io/v1");
            table.set("metadata", metadata);
            var definitions = table.putArray("columnDefinitions");
            columns.forEach(column -> definitions
                    .addObject()
                    .put("name", column.name())
                    .put("type", column.type())
                    .put("format", column.name().equals("Name") ? "name" : "")
                    .put("description", column.description())
                    .put("priority", column.priority()));
            var rows = table.putArray("rows");
            items.forEach(item -> rows.add(row(item, columns)));
            return table;
        }

        private List<Column> columns() {
            var custom = type.custom();
            if (custom == null) {
                return BuiltInColumns.of(type);
            }
            var columns = new ArrayList<>(List.of(Column.NAME));
            custom.printerColumns().forEach(definition -> columns.add(Column.of(definition)));
            if (columns.size() == 1) {
                columns.add(Column.AGE);
            }
            return columns;
        }

        private ObjectNode row(ObjectNode item, List<Column> columns) {
            var row = Json.object();
            var cells = row.putArray("cells");
            columns.forEach(column -> cells.add(column.cell().apply(item)));
            switch (includeObject) {
                case "Object" -> row.set("object", item);
                case "None" -> {
                    // the cells are enough
                }
                default -> row.set("object", metadataOf(item));
            }
            return row;
        }
    }
}
