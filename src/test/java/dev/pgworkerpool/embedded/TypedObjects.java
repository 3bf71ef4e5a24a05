package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The objects of one kind as Java objects, for the controllers and the node. */
final class TypedObjects<T extends HasMetadata> {
    private final ObjectStore store;
    private final ObjectApi api;
    private final ResourceType type;
    private final Class<T> javaType;

    TypedObjects(ObjectStore store, ObjectApi api, ResourceType type, Class<T> javaType) {
        this.store = store;
        this.api = api;
        this.type = type;
        this.javaType = javaType;
    }

    ObjectKey key(HasMetadata object) {
        return type.key(
                object.getMetadata().getNamespace(), object.getMetadata().getName());
    }

    ObjectKey key(String namespace, String name) {
        return type.key(namespace, name);
    }

    Optional<T> get(ObjectKey key) {
        return store.get(key).map(object -> Json.typed(object, javaType));
    }

    List<T> list(@Nullable String namespace, Predicate<ObjectNode> filter) {
        return store.list(type, namespace).stream()
                .filter(filter)
                .map(object -> Json.typed(object, javaType))
                .toList();
    }

    T create(T object) {
        var created = api.create(type, object.getMetadata().getNamespace(), Json.tree(object), WriteOptions.INTERNAL);
        return Json.typed(created, javaType);
    }

    /** Changes the object as it is now; does nothing if it is gone. */
    Optional<T> edit(ObjectKey key, UnaryOperator<T> change) {
        return edit(key, null, change);
    }

    Optional<T> editStatus(ObjectKey key, UnaryOperator<T> change) {
        return edit(key, "status", change);
    }

    private Optional<T> edit(ObjectKey key, @Nullable String subresource, UnaryOperator<T> change) {
        return api.edit(type, key, subresource, object -> Json.tree(change.apply(Json.typed(object, javaType))))
                .map(object -> Json.typed(object, javaType));
    }

    /** Deletes it if it is still there. */
    void delete(ObjectKey key, DeleteOptions options) {
        store.locked(() -> store.get(key).map(object -> api.delete(type, key.namespace(), key.name(), options)));
    }
}
