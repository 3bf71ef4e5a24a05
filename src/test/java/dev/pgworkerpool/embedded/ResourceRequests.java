package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The requests for objects of a resource: from the method and the path to the verb of {@link ObjectApi}. */
final class ResourceRequests {
    private final ObjectStore store;
    private final ObjectApi objects;
    private final PodLogs podLogs;
    private final BooleanSupplier running;

    /** @param running false once the API has been stopped, which ends watches */
    ResourceRequests(ObjectStore store, ObjectApi objects, PodLogs podLogs, BooleanSupplier running) {
        this.store = store;
        this.objects = objects;
        this.podLogs = podLogs;
        this.running = running;
    }

    void handle(ApiExchange exchange, ResourceType type, ResourcePath path) throws IOException, InterruptedException {
        checkSubresource(type, path.subresource());
        switch (exchange.method()) {
            case "GET" -> read(exchange, type, path);
            case "POST" -> create(exchange, type, path);
            case "PUT" -> update(exchange, type, path);
            case "PATCH" -> patch(exchange, type, path);
            case "DELETE" -> delete(exchange, type, path);
            default -> throw ApiError.methodNotAllowed();
        }
    }

    private static void checkSubresource(ResourceType type, @Nullable String subresource) {
        var known = subresource == null
                || (subresource.equals("status") && type.hasStatus())
                || (subresource.equals("log") && type.equals(ResourceTypes.PODS));
        if (!known) {
            throw ApiError.noSuchPath();
        }
    }

    private void read(ApiExchange exchange, ResourceType type, ResourcePath path)
            throws IOException, InterruptedException {
        var representation = Representation.of(
                type, exchange.header("Accept"), exchange.query().getOrDefault("includeObject", "Metadata"));
        var name = path.name();
        if (exchange.isQueryTrue("watch")) {
            watch(exchange, type, path, representation);
        } else if (name == null) {
            var page = ListQuery.of(type, path, exchange.query()).page(store, exchange.query());
            exchange.send(200, representation.list(page.items(), page.metadata()));
        } else if ("log".equals(path.subresource())) {
            objects.get(type, path.namespace(), name);
            podLogs.send(Objects.requireNonNull(path.namespace()), name, exchange);
        } else {
            exchange.send(200, representation.object(objects.get(type, path.namespace(), name)));
        }
    }

    private void watch(ApiExchange exchange, ResourceType type, ResourcePath path, Representation representation)
            throws IOException, InterruptedException {
        if (exchange.header("Upgrade").equalsIgnoreCase("websocket")) {
            // Some clients try a websocket first; any plain answer makes them come back for a stream over HTTP.
            exchange.send(200, Json.object());
            return;
        }
        var query = ListQuery.of(type, path, exchange.query());
        new WatchStream(store, query, representation, running, exchange)
                .run(exchange.query().getOrDefault("resourceVersion", ""), exchange.isQueryTrue("sendInitialEvents"));
    }

    private void create(ApiExchange exchange, ResourceType type, ResourcePath path) throws IOException {
        if (path.name() != null) {
            throw ApiError.methodNotAllowed();
        }
        var options = exchange.writeOptions("Update", null);
        exchange.send(201, objects.create(type, path.namespace(), exchange.object(), options));
    }

    private void update(ApiExchange exchange, ResourceType type, ResourcePath path) throws IOException {
        var options = exchange.writeOptions("Update", path.subresource());
        var body = exchange.object();
        exchange.send(200, objects.update(type, path.namespace(), nameIn(path), path.subresource(), body, options));
    }

    private void patch(ApiExchange exchange, ResourceType type, ResourcePath path) throws IOException {
        var name = nameIn(path);
        var body = exchange.body();
        if (exchange.contentType().startsWith("application/apply-patch")) {
            apply(exchange, type, path, Json.parse(body));
            return;
        }
        var options = exchange.writeOptions("Update", path.subresource());
        exchange.send(
                200,
                objects.patch(type, path.namespace(), name, path.subresource(), exchange.contentType(), body, options));
    }

    private void apply(ApiExchange exchange, ResourceType type, ResourcePath path, ObjectNode wanted)
            throws IOException {
        if (exchange.query("fieldManager") == null) {
            throw ApiError.badRequest(
                    "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required"
                            + " for apply patch");
        }
        var isNew = objects.find(type, path.namespace(), nameIn(path)).isEmpty();
        var options = exchange.writeOptions("Apply", path.subresource());
        var result = objects.apply(
                type,
                path.namespace(),
                nameIn(path),
                path.subresource(),
                wanted,
                Objects.requireNonNull(options.owner()),
                options);
        exchange.send(isNew ? 201 : 200, result);
    }

    private void delete(ApiExchange exchange, ResourceType type, ResourcePath path) throws IOException {
        var body = exchange.body();
        var options = DeleteOptions.of(body.length == 0 ? Json.object() : Json.parse(body), exchange.query());
        if (type.equals(ResourceTypes.JOBS) && options.propagation() == null) {
            exchange.warn(
                    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to"
                            + " remove them or set propagationPolicy=Orphan to suppress this warning");
        }
        var name = path.name();
        if (name == null) {
            exchange.send(200, deleteAll(exchange, type, path, options));
            return;
        }
        var result = objects.delete(type, path.namespace(), name, options);
        var isGone = objects.find(type, path.namespace(), name).isEmpty();
        exchange.send(200, isGone && !type.equals(ResourceTypes.PODS) ? deleted(type, result) : result);
    }

    private ObjectNode deleteAll(ApiExchange exchange, ResourceType type, ResourcePath path, DeleteOptions options) {
        var page = ListQuery.of(type, path, exchange.query()).page(store, exchange.query());
        page.items().forEach(object -> objects.delete(type, Json.namespace(object), Json.name(object), options));
        return new Representation.Plain(type).list(page.items(), page.metadata());
    }

    private static ObjectNode deleted(ResourceType type, ObjectNode object) {
        var status = Json.object().put("kind", "Status").put("apiVersion", "v1");
        status.putObject("metadata");
        status.put("status", "Success")
                .putObject("details")
                .put("name", Json.name(object))
                .put("group", type.group())
                .put("kind", type.plural())
                .put("uid", Json.uid(object));
        return status;
    }

    private static String nameIn(ResourcePath path) {
        var name = path.name();
        if (name == null) {
            throw ApiError.methodNotAllowed();
        }
        return name;
    }
}
