package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.DeleteOptions.Propagation;
import dev.pgworkerpool.embedded.ObjectStore.Update;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Deletes what has no owner left, and sees to the dependents of what is deleted in the foreground or to be survived by them;
 * see <a href="https://kubernetes.io/docs/concepts/architecture/garbage-collection/">Garbage Collection</a>.
 */
final class GarbageCollector implements AutoCloseable {
    private final ObjectStore store;
    private final ObjectApi api;
    private final ResourceTypes types;
    private final ControlLoop<ObjectKey> loop;

    /** Uid of an owner to what names it as owner; guarded by the lock of the store. */
    private final Map<String, Set<ObjectKey>> dependents = new HashMap<>();

    GarbageCollector(ObjectStore store, ObjectApi api, ResourceTypes types, ControlLoop.Gate gate) {
        this.store = store;
        this.api = api;
        this.types = types;
        this.loop = new ControlLoop<>("garbage-collector", gate, this::collect);
        store.subscribe(this::note);
        loop.start();
    }

    private void note(Update update) {
        if (update.before() != null) {
            owners(update.before()).forEach(owner -> forget(owner.path("uid").asText(), update.key()));
        }
        var uid = Json.uid(update.object());
        if (update.type() == Change.Type.DELETED) {
            dependents.getOrDefault(uid, Set.of()).forEach(loop::enqueue);
            owners(update.object()).forEach(owner -> enqueueOwner(update.object(), owner));
            return;
        }
        var owners = owners(update.object());
        owners.forEach(owner -> dependents
                .computeIfAbsent(owner.path("uid").asText(), u -> new LinkedHashSet<>())
                .add(update.key()));
        if (!owners.isEmpty() || Json.isBeingDeleted(update.object())) {
            loop.enqueue(update.key());
        }
    }

    private void forget(String owner, ObjectKey dependent) {
        dependents.computeIfPresent(owner, (uid, keys) -> {
            keys.remove(dependent);
            return keys.isEmpty() ? null : keys;
        });
    }

    /** An owner that waits for its dependents may be waiting for this one. */
    private void enqueueOwner(ObjectNode dependent, JsonNode owner) {
        types.findByKind(owner.path("apiVersion").asText(), owner.path("kind").asText())
                .ifPresent(type -> loop.enqueue(
                        type.key(Json.namespace(dependent), owner.path("name").asText())));
    }

    private void collect(ObjectKey key) {
        store.locked(() -> {
            var object = store.get(key);
            object.ifPresent(present -> types.findByStorage(key.storage()).ifPresent(type -> {
                if (Json.isBeingDeleted(present)) {
                    seeToDependents(type, present);
                } else {
                    collectIfAbandoned(present);
                }
            }));
            return true;
        });
    }

    private void seeToDependents(ResourceType type, ObjectNode owner) {
        var finalizers = new ArrayList<String>();
        Json.at(owner, "metadata", "finalizers").forEach(f -> finalizers.add(f.asText()));
        if (finalizers.contains(Propagation.ORPHAN.finalizer())) {
            dependentsOf(owner).forEach(dependent -> dropOwner(dependent, Json.uid(owner)));
            release(type, owner, "orphan");
        } else if (finalizers.contains(Propagation.FOREGROUND.finalizer())) {
            var blocking = false;
            for (var dependent : dependentsOf(owner)) {
                blocking |= blocksOwner(dependent, Json.uid(owner));
                if (!Json.isBeingDeleted(dependent)) {
                    delete(dependent, Propagation.FOREGROUND);
                }
            }
            if (!blocking || dependentsOf(owner).isEmpty()) {
                release(type, owner, "foregroundDeletion");
            }
        }
    }

    private void collectIfAbandoned(ObjectNode dependent) {
        var owners = owners(dependent);
        var absent = owners.stream().filter(owner -> !exists(dependent, owner)).toList();
        if (owners.isEmpty() || absent.isEmpty()) {
            return;
        }
        if (absent.size() == owners.size()) {
            delete(dependent, Propagation.BACKGROUND);
        } else {
            absent.forEach(owner -> dropOwner(dependent, owner.path("uid").asText()));
        }
    }

    /** The owner is in the same namespace or in none, and it is still the same object. */
    private boolean exists(ObjectNode dependent, JsonNode owner) {
        return types.findByKind(
                        owner.path("apiVersion").asText(), owner.path("kind").asText())
                .flatMap(type -> store.get(
                        type.key(Json.namespace(dependent), owner.path("name").asText())))
                .filter(object -> Json.uid(object).equals(owner.path("uid").asText()))
                .isPresent();
    }

    private List<ObjectNode> dependentsOf(ObjectNode owner) {
        return List.copyOf(dependents.getOrDefault(Json.uid(owner), Set.of())).stream()
                .flatMap(key -> store.get(key).stream())
                .toList();
    }

    private static boolean blocksOwner(ObjectNode dependent, String ownerUid) {
        return owners(dependent).stream()
                .anyMatch(owner -> owner.path("uid").asText().equals(ownerUid)
                        && owner.path("blockOwnerDeletion").asBoolean());
    }

    private void delete(ObjectNode object, Propagation propagation) {
        typeOf(object)
                .ifPresent(type ->
                        api.delete(type, Json.namespace(object), Json.name(object), DeleteOptions.with(propagation)));
    }

    private void dropOwner(ObjectNode dependent, String ownerUid) {
        typeOf(dependent)
                .ifPresent(type -> api.edit(type, type.keyOf(dependent), null, object -> {
                    if (Json.at(object, "metadata", "ownerReferences") instanceof ArrayNode owners) {
                        owners.removeIf(owner -> owner.path("uid").asText().equals(ownerUid));
                    }
                    return object;
                }));
    }

    private void release(ResourceType type, ObjectNode owner, String finalizer) {
        api.edit(type, type.keyOf(owner), null, object -> Deletion.withoutFinalizer(object, finalizer));
    }

    private Optional<ResourceType> typeOf(ObjectNode object) {
        return types.findByKind(
                object.path("apiVersion").asText(), object.path("kind").asText());
    }

    private static List<JsonNode> owners(ObjectNode object) {
        var owners = new ArrayList<JsonNode>();
        Json.at(object, "metadata", "ownerReferences").forEach(owners::add);
        return owners;
    }

    @Override
    public void close() {
        loop.close();
    }
}
