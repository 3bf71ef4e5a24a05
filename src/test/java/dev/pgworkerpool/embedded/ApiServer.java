package dev.pgworkerpool.embedded;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
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
        // Longer than clients keep a connection: who closes first must not be the one who does not know whether it is
        // in use.
        System.setProperty("sun.net.httpserver.idleInterval", "600");
        System.setProperty("sun.net.httpserver.maxIdleConnections", "1000");
    }

    private static final Logger LOG = Logger.getLogger(ApiServer.class.getName());

    private final ObjectStore store;
    private final ObjectApi objects;
    private final ResourceTypes types;
    private final Discovery discovery;
    private final OpenApiDocument openApi;
    private final PodLogs podLogs;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final LongAdder requests = new LongAdder();
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

    /** So many were made, by all clients; a watch is one. */
    long requests() {
        return requests.sum();
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + port);
    }

    private void handle(HttpExchange http) {
        requests.increment();
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
        var start = starts;
        new ResourceRequests(store, objects, podLogs, () -> isRunning() && starts == start)
                .handle(exchange, type, path);
    }
}
