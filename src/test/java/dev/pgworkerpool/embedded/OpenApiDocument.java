package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * OpenAPI v3, as much of it as kubectl needs: {@code explain} for custom resources, and that PATCH knows
 * {@code fieldValidation} (without that, kubectl would ask for OpenAPI v2, which is protobuf).
 */
final class OpenApiDocument {
    private final ResourceTypes types;

    OpenApiDocument(ResourceTypes types) {
        this.types = types;
    }

    ObjectNode index() {
        var index = Json.object();
        var paths = index.putObject("paths");
        var prefixes = new LinkedHashSet<String>();
        types.all().forEach(type -> prefixes.add(prefix(type)));
        prefixes.forEach(prefix -> paths.putObject(prefix).put("serverRelativeURL", "/openapi/v3/" + prefix));
        return index;
    }

    /** The document of one group and version; {@code prefix} is such as {@code apis/batch/v1}. */
    ObjectNode document(String prefix) {
        var document = Json.object().put("openapi", "3.0.0");
        document.putObject("info").put("title", "Kubernetes").put("version", "v1");
        var paths = document.putObject("paths");
        var schemas = document.putObject("components").putObject("schemas");
        types.all().stream().filter(type -> prefix(type).equals(prefix)).forEach(type -> {
            var scope = type.namespaced() ? "namespaces/{namespace}/" : "";
            paths.putObject("/%s/%s%s/{name}".formatted(prefix, scope, type.plural()))
                    .set("patch", patchOperation(type));
            schemas.set(schemaName(type), schema(type));
        });
        if (schemas.isEmpty()) {
            throw ApiError.noSuchPath();
        }
        return document;
    }

    private static ObjectNode patchOperation(ResourceType type) {
        var operation = Json.object().put("x-kubernetes-action", "patch");
        operation.set("x-kubernetes-group-version-kind", groupVersionKind(type));
        var parameters = operation.putArray("parameters");
        for (var name : List.of("dryRun", "fieldManager", "fieldValidation", "force")) {
            parameters
                    .addObject()
                    .put("name", name)
                    .put("in", "query")
                    .putObject("schema")
                    .put("type", "string");
        }
        return operation;
    }

    private static ObjectNode schema(ResourceType type) {
        var custom = type.custom();
        var schema = custom != null && custom.openApi() instanceof ObjectNode known
                ? known.deepCopy()
                : Json.object().put("type", "object");
        schema.putArray("x-kubernetes-group-version-kind").add(groupVersionKind(type));
        return schema;
    }

    private static ObjectNode groupVersionKind(ResourceType type) {
        return Json.object()
                .put("group", type.group())
                .put("version", type.version())
                .put("kind", type.kind());
    }

    private static String schemaName(ResourceType type) {
        return (type.group().isEmpty() ? "core" : type.group()) + "." + type.version() + "." + type.kind();
    }

    private static String prefix(ResourceType type) {
        return (type.group().isEmpty() ? "api/" : "apis/") + type.apiVersion();
    }
}
