package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What every object goes through on its way into the store: name and kind, defaults, validation, managed fields. */
final class Admission {
    private static final Map<ResourceType, KindRules> RULES = Map.of(
            ResourceTypes.PODS, new PodRules(),
            ResourceTypes.JOBS, new JobRules(),
            ResourceTypes.SECRETS, new SecretRules(),
            ResourceTypes.NAMESPACES, new NamespaceRules(),
            ResourceTypes.DEFINITIONS, new DefinitionRules());

    private Admission() {}

    /** Defaults, validation and managed fields: the way of every object into the store. */
    static void complete(ResourceType type, ObjectNode object, @Nullable ObjectNode current, WriteOptions options) {
        var rules = type.custom() != null
                ? new CustomResourceRules(type.custom().schema())
                : RULES.getOrDefault(type, KindRules.NONE);
        List.of("labels", "annotations", "finalizers", "ownerReferences").forEach(field -> {
            if (Json.at(object, "metadata", field).isEmpty()) {
                Json.metadata(object).remove(field);
            }
        });
        options.unknownFields(type, rules.prune(object));
        rules.prepare(object, current);
        var causes = new ArrayList<Cause>(MetadataRules.validate(object, type));
        causes.addAll(rules.validate(object, current));
        if (!causes.isEmpty()) {
            throw ApiError.invalid(type, Json.name(object), causes);
        }
        var owner = options.owner();
        if (owner != null && owner.operation().equals("Update")) {
            var fields = ManagedFields.of(object);
            fields.noteUpdate(owner, current == null ? Json.object() : current, object, type);
            fields.writeTo(object, type.apiVersion());
        }
    }

    static void checkEnvelope(ResourceType type, ObjectNode object) {
        var apiVersion = object.path("apiVersion").asText(type.apiVersion());
        var kind = object.path("kind").asText(type.kind());
        if (!apiVersion.equals(type.apiVersion()) || !kind.equals(type.kind())) {
            throw ApiError.badRequest(
                    "the API version and kind in the data (%s, %s) do not match the expected ones (%s, %s)"
                            .formatted(apiVersion, kind, type.apiVersion(), type.kind()));
        }
        if (object.has("metadata") && !object.path("metadata").isObject()) {
            throw ApiError.badRequest("metadata must be an object");
        }
        object.put("apiVersion", type.apiVersion()).put("kind", type.kind());
    }

    static void chooseName(ResourceType type, ObjectNode metadata) {
        if (Json.text(metadata, "name").isEmpty()) {
            var prefix = Json.text(metadata, "generateName");
            if (prefix.isEmpty()) {
                throw ApiError.invalid(
                        type,
                        "",
                        List.of(new Cause(
                                "FieldValueRequired",
                                "metadata.name",
                                "Required value: name or generateName is required")));
            }
            metadata.put("name", RandomName.after(prefix));
        }
    }

    static void chooseNamespace(ResourceType type, @Nullable String namespace, ObjectNode metadata) {
        if (!type.namespaced()) {
            metadata.remove("namespace");
            return;
        }
        var inBody = Json.text(metadata, "namespace");
        if (namespace == null || (!inBody.isEmpty() && !inBody.equals(namespace))) {
            throw ApiError.badRequest(
                    "the namespace of the provided object does not match the namespace sent on the request");
        }
        metadata.put("namespace", namespace);
    }
}
