package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ManagedFields.Owner;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The verbs of the API on single objects, with everything that a server does before it stores: defaults, validation,
 * optimistic locking, generation, managed fields, finalizers. Each call is atomic.
 */
final class ObjectApi {
    /** Set by the API, whatever a client sends. */
    private static final List<String> SYSTEM_METADATA = List.of(
            "uid",
            "creationTimestamp",
            "generation",
            "resourceVersion",
            "namespace",
            "deletionTimestamp",
            "deletionGracePeriodSeconds");

    private static final Set<ResourceType> WITHOUT_GENERATION = Set.of(
            ResourceTypes.PODS,
            ResourceTypes.SECRETS,
            ResourceTypes.CONFIG_MAPS,
            ResourceTypes.EVENTS,
            ResourceTypes.NEW_EVENTS,
            ResourceTypes.NAMESPACES,
            ResourceTypes.NODES,
            ResourceTypes.LEASES,
            ResourceTypes.SERVICES,
            ResourceTypes.SERVICE_ACCOUNTS);

    private final ObjectStore store;
    private final Quota quota;

    ObjectApi(ObjectStore store) {
        this.store = store;
        this.quota = new Quota(store);
    }

    ObjectNode get(ResourceType type, @Nullable String namespace, String name) {
        return find(type, namespace, name).orElseThrow(() -> ApiError.notFound(type, name));
    }

    Optional<ObjectNode> find(ResourceType type, @Nullable String namespace, String name) {
        return store.get(type.key(namespace, name)).map(stored -> Conversion.to(type, stored));
    }

    ObjectNode create(ResourceType type, @Nullable String namespace, ObjectNode body, WriteOptions options) {
        return store.locked(() -> {
            var object = body.deepCopy();
            Admission.checkEnvelope(type, object);
            var metadata = Json.metadata(object);
            if (!Json.text(metadata, "resourceVersion").isEmpty()) {
                throw ApiError.badRequest("resourceVersion should not be set on objects to be created");
            }
            Admission.chooseName(type, metadata);
            Admission.chooseNamespace(type, namespace, metadata);
            var name = Json.name(object);
            requireLiveNamespace(type, Json.namespace(object), name);
            if (find(type, namespace, name).isPresent()) {
                throw ApiError.alreadyExists(type, name);
            }
            quota.check(type, Json.namespace(object), name);
            if (type.hasStatus()) {
                object.remove("status");
            }
            beginLife(type, metadata);
            Admission.complete(type, object, null, options);
            return options.dryRun() ? object : store.put(type, object);
        });
    }

    private static void beginLife(ResourceType type, ObjectNode metadata) {
        metadata.put("uid", UUID.randomUUID().toString()).put("creationTimestamp", Json.now());
        metadata.remove(List.of("generation", "deletionTimestamp", "deletionGracePeriodSeconds"));
        if (!WITHOUT_GENERATION.contains(type)) {
            metadata.put("generation", 1);
        }
    }

    /** Replaces an object, or only its status if that is the subresource. */
    ObjectNode update(
            ResourceType type,
            @Nullable String namespace,
            String name,
            @Nullable String subresource,
            ObjectNode body,
            WriteOptions options) {
        return store.locked(() -> {
            var current = get(type, namespace, name);
            Admission.checkEnvelope(type, body);
            if (!Json.name(body).equals(name)) {
                throw ApiError.badRequest("the name of the object (%s) does not match the name on the URL (%s)"
                        .formatted(Json.name(body), name));
            }
            checkUnchanged(type, name, Json.text(body, "metadata", "uid"), resourceVersionOf(body), current);
            var object = writablePart(type, subresource, body, current);
            var metadata = Json.metadata(object);
            SYSTEM_METADATA.forEach(field -> Json.setOrRemove(metadata, field, Json.at(current, "metadata", field)));
            if (!metadata.has("managedFields")) {
                Json.setOrRemove(metadata, "managedFields", Json.at(current, "metadata", "managedFields"));
            }
            Admission.complete(type, object, current, options);
            return store(type, object, current, options);
        });
    }

    /** What the body may change through the subresource; all else is as it was. */
    private static ObjectNode writablePart(
            ResourceType type, @Nullable String subresource, ObjectNode body, ObjectNode current) {
        var object = "status".equals(subresource) ? current.deepCopy() : body.deepCopy();
        if ("status".equals(subresource)) {
            Json.setOrRemove(object, "status", body.get("status"));
            Json.setOrRemove(Json.metadata(object), "managedFields", Json.at(body, "metadata", "managedFields"));
        } else if (type.hasStatus()) {
            Json.setOrRemove(object, "status", current.get("status"));
        }
        return object;
    }

    /** Changes an object with one of the plain patches. */
    ObjectNode patch(
            ResourceType type,
            @Nullable String namespace,
            String name,
            @Nullable String subresource,
            String mediaType,
            byte[] body,
            WriteOptions options) {
        return store.locked(() -> {
            var current = get(type, namespace, name);
            var patched = Patches.patch(current, mediaType, body, type);
            return update(type, namespace, name, subresource, patched, options);
        });
    }

    /** Server-side apply: creates the object if it is not there yet. */
    ObjectNode apply(
            ResourceType type,
            @Nullable String namespace,
            String name,
            @Nullable String subresource,
            ObjectNode wanted,
            Owner owner,
            WriteOptions options) {
        return store.locked(() -> {
            Admission.checkEnvelope(type, wanted);
            if (Json.at(wanted, "metadata").has("managedFields")) {
                throw ApiError.badRequest("metadata.managedFields must be nil");
            }
            var current = find(type, namespace, name);
            var apply = new ServerSideApply(type, owner, options.force());
            if (current.isEmpty() && subresource == null) {
                Json.metadata(wanted).put("name", name);
                return create(type, namespace, apply.apply(Json.object(), wanted), options);
            }
            var live = current.orElseThrow(() -> ApiError.notFound(type, name));
            // The real API ignores the uid in a patch of a status.
            var uid = subresource == null ? Json.text(wanted, "metadata", "uid") : "";
            checkUnchanged(type, name, uid, resourceVersionOf(wanted), live);
            return update(type, namespace, name, subresource, apply.apply(live, wanted), options);
        });
    }

    /** For the control plane: changes an object as it is now; does nothing if it is gone. */
    Optional<ObjectNode> edit(
            ResourceType type, ObjectKey key, @Nullable String subresource, UnaryOperator<ObjectNode> change) {
        return store.locked(() -> store.get(key)
                .map(current -> update(
                        type,
                        key.namespace(),
                        key.name(),
                        subresource,
                        change.apply(current.deepCopy()),
                        WriteOptions.INTERNAL)));
    }

    /** Deletes the object, or marks it if something has to happen first. Returns it as it is then. */
    ObjectNode delete(ResourceType type, @Nullable String namespace, String name, DeleteOptions options) {
        return store.locked(() -> {
            var current = get(type, namespace, name);
            checkUnchanged(
                    type,
                    name,
                    options.uid() == null ? "" : options.uid(),
                    options.resourceVersion() == null ? "" : options.resourceVersion(),
                    current);
            var object = current.deepCopy();
            Deletion.hold(type, object, options.propagation());
            var grace =
                    type.equals(ResourceTypes.PODS) ? PodRules.gracePeriod(object, options.gracePeriodSeconds()) : 0;
            Deletion.mark(type, object, grace);
            if (options.dryRun() || object.equals(current)) {
                return object;
            }
            return Deletion.isDone(object) ? store.remove(type, object) : store.put(type, object);
        });
    }

    private ObjectNode store(ResourceType type, ObjectNode object, ObjectNode current, WriteOptions options) {
        if (object.equals(current)) {
            return current;
        }
        var metadata = Json.metadata(object);
        if (metadata.has("generation") && !withoutMetadata(object).equals(withoutMetadata(current))) {
            metadata.put("generation", metadata.path("generation").asLong() + 1);
        }
        if (options.dryRun()) {
            return object;
        }
        return Deletion.isDone(object) ? store.remove(type, object) : store.put(type, object);
    }

    private static ObjectNode withoutMetadata(ObjectNode object) {
        var rest = Json.object();
        rest.setAll(object);
        return rest.remove(List.of("metadata", "status", "apiVersion"));
    }

    private void requireLiveNamespace(ResourceType type, String namespace, String name) {
        if (type.namespaced() && Json.isBeingDeleted(get(ResourceTypes.NAMESPACES, null, namespace))) {
            throw ApiError.forbidden(
                    type,
                    name,
                    "unable to create new content in namespace %s because it is being terminated".formatted(namespace));
        }
    }

    private static String resourceVersionOf(JsonNode object) {
        return Json.text(object, "metadata", "resourceVersion");
    }

    /** Optimistic locking; empty means that it does not matter. */
    private static void checkUnchanged(
            ResourceType type, String name, String uid, String resourceVersion, ObjectNode current) {
        if (!uid.isEmpty() && !uid.equals(Json.uid(current))) {
            throw ApiError.conflict(
                    type,
                    name,
                    "Precondition failed: UID in precondition: %s, UID in object meta: %s"
                            .formatted(uid, Json.uid(current)));
        }
        if (!resourceVersion.isEmpty() && !resourceVersion.equals(resourceVersionOf(current))) {
            throw ApiError.modified(type, name);
        }
    }
}
