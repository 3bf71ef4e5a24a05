package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.DeleteOptions.Propagation;
import dev.pgworkerpool.embedded.ObjectStore.Update;

/** Empties a namespace that is being deleted, then lets it go. Gives a new one its default service account. */
final class NamespaceController implements AutoCloseable {
    private final ObjectStore store;
    private final ObjectApi api;
    private final ResourceTypes types;
    private final ControlLoop<String> loop;

    NamespaceController(ObjectStore store, ObjectApi api, ResourceTypes types, ControlLoop.Gate gate) {
        this.store = store;
        this.api = api;
        this.types = types;
        this.loop = new ControlLoop<>("namespace-controller", gate, this::reconcile);
        store.subscribe(this::note);
        loop.start();
    }

    private void note(Update update) {
        var isNamespace = update.key().storage().equals(ResourceTypes.NAMESPACES.storage());
        if (isNamespace && update.type() != Change.Type.DELETED) {
            loop.enqueue(update.key().name());
        } else if (update.type() == Change.Type.DELETED
                && !update.key().namespace().isEmpty()) {
            loop.enqueue(update.key().namespace());
        }
    }

    private void reconcile(String name) {
        store.locked(() -> {
            api.find(ResourceTypes.NAMESPACES, null, name).ifPresent(namespace -> {
                if (Json.isBeingDeleted(namespace)) {
                    empty(namespace);
                } else if (api.find(ResourceTypes.SERVICE_ACCOUNTS, name, "default")
                        .isEmpty()) {
                    var account = Json.object();
                    Json.metadata(account).put("name", "default");
                    api.create(ResourceTypes.SERVICE_ACCOUNTS, name, account, WriteOptions.INTERNAL);
                }
            });
            return true;
        });
    }

    private void empty(ObjectNode namespace) {
        var name = Json.name(namespace);
        var isEmpty = true;
        for (var type : types.all()) {
            if (type.namespaced()) {
                for (var object : store.list(type, name)) {
                    if (!Json.isBeingDeleted(object)) {
                        api.delete(type, name, Json.name(object), DeleteOptions.with(Propagation.BACKGROUND));
                    }
                }
                isEmpty &= store.list(type, name).isEmpty();
            }
        }
        if (isEmpty && Json.at(namespace, "metadata", "finalizers").isEmpty()) {
            store.remove(ResourceTypes.NAMESPACES, namespace);
        }
    }

    @Override
    public void close() {
        loop.close();
    }
}
