package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Which objects of a type a list, a watch or a deletion of many is about. */
record ListQuery(ResourceType type, @Nullable String namespace, Predicate<ObjectNode> selector) {
    /** A page of a list. */
    record Page(List<ObjectNode> items, ObjectNode metadata) {}

    static ListQuery of(ResourceType type, ResourcePath path, Map<String, String> query) {
        var selector = Selectors.labels(query.get("labelSelector")).and(Selectors.fields(query.get("fieldSelector")));
        if (path.name() != null) { // the old way to watch one object
            selector = selector.and(object -> Json.name(object).equals(path.name()));
        }
        return new ListQuery(type, path.namespace(), selector);
    }

    boolean matches(ObjectNode object) {
        return (namespace == null || !type.namespaced() || namespace.equals(Json.namespace(object)))
                && selector.test(object);
    }

    List<ObjectNode> items(ObjectStore store) {
        return store.list(type, namespace).stream()
                .map(stored -> Conversion.to(type, stored))
                .filter(selector)
                .toList();
    }

    /**
     * The objects, or so many of them and where to go on. Unlike a real server, later pages show the objects as they are by
     * then, not as they were at the first page.
     */
    Page page(ObjectStore store, Map<String, String> query) {
        return store.locked(() -> {
            var metadata = Json.object().put("resourceVersion", Long.toString(store.revision()));
            var token = query.getOrDefault("continue", "");
            var rest = items(store).stream()
                    .filter(object -> token.isEmpty() || id(object).compareTo(decode(token)) > 0)
                    .toList();
            var limit = Integer.parseInt(query.getOrDefault("limit", "0"));
            if (limit <= 0 || rest.size() <= limit) {
                return new Page(rest, metadata);
            }
            var page = rest.subList(0, limit);
            metadata.put("continue", encode(id(page.getLast()))).put("remainingItemCount", rest.size() - limit);
            return new Page(page, metadata);
        });
    }

    /** Sorts as the store does. */
    private static String id(ObjectNode object) {
        return Json.namespace(object) + '\0' + Json.name(object);
    }

    private static String encode(String id) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(id.getBytes(StandardCharsets.UTF_8));
    }

    private static String decode(String token) {
        try {
            return new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw ApiError.badRequest("continue key is not valid: " + e.getMessage());
        }
    }
}
