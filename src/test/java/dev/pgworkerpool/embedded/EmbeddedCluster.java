package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A Kubernetes cluster in this process: the API on 127.0.0.1, the controllers that a worker pool depends on, and one node.
 * Good enough for kubectl, informers and server-side apply; it forgets all when it is closed. Thread-safe.
 *
 * <p>What a real cluster does and this one does not:
 *
 * <ul>
 *   <li>It knows one user, who may do everything. There are no admission plugins (such as Pod Security), and ResourceQuotas
 *       only count pods and Jobs.
 *   <li>Built-in kinds have no schema: unknown fields stay. Rules in CEL are not limited in what they may cost.
 *   <li>A pod is its first container, which is never restarted and knows no probes and no limits; images and the network are
 *       those of this machine. Deployments and Services are kept, but nothing is done about them.
 *   <li>Pages of a list after the first show the present, not the moment of the first. Watches can go back
 *       {@value ObjectStore#REMEMBERED_CHANGES} changes.
 *   <li>What the controllers write has no managed fields, and it speaks no protobuf and no websockets, except for what
 *       {@link ProtobufBody} knows.
 * </ul>
 */
public final class EmbeddedCluster implements AutoCloseable {
    private final Path dir;
    private final ObjectStore store = new ObjectStore();
    private final ObjectApi api = new ObjectApi(store);
    private final ApiServer server;
    private final EmbeddedNode node;
    private final List<AutoCloseable> controllers;
    private final KubernetesClient client;

    private EmbeddedCluster(Path dir, NodeImage image) {
        this.dir = dir.toAbsolutePath();
        var types = new ResourceTypes();
        new DefinitionController(store, types);
        this.server = new ApiServer(
                store, api, types, (namespace, pod, exchange) -> node().logs().send(namespace, pod, exchange));
        var events = new EventRecorder(store, api);
        ControlLoop.Gate gate = server::awaitRunning;
        this.controllers = List.of(
                new NamespaceController(store, api, types, gate),
                new GarbageCollector(store, api, types, gate),
                new JobController(store, api, events, gate),
                new FinishedJobCleaner(store, api, gate));
        this.node = new EmbeddedNode(store, api, events, gate, this.dir.resolve("pods"), image);
        List.of("default", "kube-system").forEach(this::createNamespace);
        server.start();
        writeKubeconfig();
        this.client = new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(kubeconfig().toFile()))
                .build();
    }

    /** Starts a cluster that keeps kubeconfig, pod files and logs below {@code dir}. */
    public static EmbeddedCluster start(Path dir, NodeImage image) {
        return new EmbeddedCluster(dir, image);
    }

    public URI url() {
        return server.url();
    }

    public Path kubeconfig() {
        return dir.resolve("kubeconfig");
    }

    /** A client that is closed with the cluster. */
    public KubernetesClient client() {
        return client;
    }

    public EmbeddedNode node() {
        return node;
    }

    /** Every change of every object since the start, oldest first. */
    public List<Change> history() {
        return store.history();
    }

    /** So many requests were made to the API, by all clients; a watch is one. */
    public long requests() {
        return server.requests();
    }

    /** Creates or replaces the custom resource definitions of a folder, each in a file {@code *.yml}. */
    public void applyCrds(Path crdsDir) {
        try (var files = Files.list(crdsDir)) {
            for (var file :
                    files.filter(f -> f.toString().endsWith(".yml")).sorted().toList()) {
                applyCrd(Json.parse(Files.readString(file)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void applyCrd(ObjectNode definition) {
        var type = ResourceTypes.DEFINITIONS;
        store.locked(() -> api.find(type, null, Json.name(definition)).isEmpty()
                ? api.create(type, null, definition, WriteOptions.INTERNAL)
                : api.update(type, null, Json.name(definition), null, definition, WriteOptions.INTERNAL));
    }

    /** The API is gone from now on: connections are cut and refused, and the controllers cannot do anything either. */
    public void stopApi() {
        server.stop();
    }

    /** The API is back on its old port, with all objects. */
    public void startApi() {
        server.start();
    }

    /** The API is gone for so long. Returns at once. */
    public void outage(Duration duration) {
        stopApi();
        CompletableFuture.delayedExecutor(duration.toMillis(), TimeUnit.MILLISECONDS)
                .execute(this::startApi);
    }

    private void createNamespace(String name) {
        var namespace = Json.object();
        Json.metadata(namespace).put("name", name);
        api.create(ResourceTypes.NAMESPACES, null, namespace, WriteOptions.INTERNAL);
    }

    private void writeKubeconfig() {
        try {
            Files.createDirectories(dir);
            Files.writeString(kubeconfig(), """
                apiVersion: v1
                kind: Config
                clusters:
                - name: embedded
                  cluster: {server: "%s"}
                users:
                - name: embedded
                  user: {token: embedded}
                contexts:
                - name: embedded
                  context: {cluster: embedded, user: embedded, namespace: default}
                current-context: embedded
                """.formatted(url()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        client.close();
        node.close();
        for (var controller : controllers) {
            try {
                controller.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
        server.close();
    }
}
