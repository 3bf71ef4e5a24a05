package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The Kubernetes API over HTTP on 127.0.0.1. It can be stopped and started: meanwhile it refuses connections; port and objects
 * stay the same.
 */
final class ApiServer implements AutoCloseable {
    static {
        // Without this each small answer waits for the client's delayed acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private static final Logger LOG = Logger.getLogger(ApiServer.class.getName());

    private final ObjectStore store;
    private final ObjectApi objects;
    private final ResourceTypes types;
    private final Discovery discovery;
    private final OpenApiDocument openApi;
    private final PodLogs podLogs;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private int port;
    private boolean closed;

    /** How often it was started; what belongs to an earlier start has to end. */
    private volatile int starts;

    private volatile @Nullable HttpServer http;

    ApiServer(ObjectStore store, ObjectApi objects, ResourceTypes types, PodLogs podLogs) {
        this.store = store;
        this.objects = objects;
        this.types = types;
        this.discovery = new Discovery(types);
        this.openApi = new OpenApiDocument(types);
        this.podLogs = podLogs;
    }

    /** Does nothing if it is running, or closed for good. */
    synchronized void start() {
        if (http != null || closed) {
            return;
        }
        try {
            var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.setExecutor(threads);
            server.createContext("/", this::handle);
            port = server.getAddress().getPort();
            http = server;
            starts++;
            server.start();
            notifyAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Cuts all connections, also those of watches. */
    synchronized void stop() {
        var server = http;
        http = null;
        if (server != null) {
            store.wakeWatches();
            server.stop(0);
        }
    }

    private boolean isRunning() {
        return http != null;
    }

    @Override
    public synchronized void close() {
        closed = true;
        stop();
        threads.shutdownNow();
    }

    /** For those who would use it over the network in a real cluster, so that an outage stops them too. */
    synchronized void awaitRunning() throws InterruptedException {
        while (http == null) {
            wait();
        }
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + port);
    }

    private void handle(HttpExchange http) {
        try (http) {
            var exchange = new ApiExchange(http);
            try {
                route(exchange);
            } catch (ApiError e) {
                exchange.send(e.code(), e.status());
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, e, () -> "%s %s".formatted(http.getRequestMethod(), http.getRequestURI()));
                exchange.send(500, ApiError.internal(e).status());
            }
        } catch (IOException e) {
            LOG.log(Level.FINE, "client gone", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void route(ApiExchange exchange) throws IOException, InterruptedException {
        var path = exchange.path();
        switch (path) {
            case "/version" -> exchange.send(200, Discovery.version());
            case "/healthz", "/readyz", "/livez" -> exchange.sendText("ok");
            case "/api" -> exchange.send(200, Discovery.coreVersions());
            case "/apis" -> exchange.send(200, discovery.groups());
            case "/openapi/v3" -> exchange.send(200, openApi.index());
            default -> {
                if (path.startsWith("/openapi/v3/")) {
                    exchange.send(200, openApi.document(path.substring("/openapi/v3/".length())));
                } else if (path.matches("/apis/[^/]+")) {
                    exchange.send(200, discovery.group(path.substring("/apis/".length())));
                } else {
                    routeResource(exchange, ResourcePath.parse(path).orElseThrow(ApiError::noSuchPath));
                }
            }
        }
    }

    private void routeResource(ApiExchange exchange, ResourcePath path) throws IOException, InterruptedException {
        var plural = path.plural();
        if (plural == null) {
            exchange.send(200, discovery.resources(path.group(), path.version()));
            return;
        }
        if (exchange.method().equals("POST")) {
            var review = Reviews.answer(path.group(), plural, exchange);
            if (review.isPresent()) {
                exchange.send(201, review.get());
                return;
            }
        }
        var type = types.find(path.group(), path.version(), plural).orElseThrow(ApiError::noSuchPath);
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
        var start = starts;
        var query = ListQuery.of(type, path, exchange.query());
        new WatchStream(store, query, representation, () -> isRunning() && starts == start, exchange)
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
