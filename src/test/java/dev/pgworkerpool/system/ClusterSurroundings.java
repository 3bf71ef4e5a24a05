package dev.pgworkerpool.system;

import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.Command;
import dev.pgworkerpool.postgres.PostgresServer;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The cluster of the current kube context: the operator is deployed as a user would, by {@code make deploy}, into a new
 * namespace with restricted Pod Security; PostgreSQL is a pod of that namespace. The image has to be known to the cluster.
 */
final class ClusterSurroundings implements Surroundings {
    static final String OPERATOR = "pg-worker-pool-operator";
    private static final String IMAGE = System.getProperty("image", "pg-worker-pool-operator:0.1.0");
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final KubernetesClient client = new KubernetesClientBuilder().build();
    private final String namespace = "e2e-" + UUID.randomUUID().toString().substring(0, 8);
    private final PodPostgres postgres;

    private ClusterSurroundings() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                        .endMetadata()
                        .build())
                .create();
        this.postgres = PodPostgres.start(client, namespace, "postgres");
    }

    static ClusterSurroundings start() throws IOException {
        var surroundings = withoutOperator();
        surroundings.make("deploy", IMAGE);
        return surroundings;
    }

    /** A namespace that nothing has been deployed to, with PostgreSQL. */
    static ClusterSurroundings withoutOperator() {
        var surroundings = new ClusterSurroundings();
        Diagnostics.watch(surroundings);
        return surroundings;
    }

    /** The real kubectl, in this namespace; returns what it printed. */
    String kubectl(String... arguments) throws IOException {
        return Command.of(Stream.concat(Stream.of("kubectl", "-n", namespace), Stream.of(arguments))
                        .toArray(String[]::new))
                .run();
    }

    /** As a user would; returns what it printed. */
    String make(String target, String image) throws IOException {
        return Command.of("make", target, "KUBECTL=kubectl -n " + namespace, "IMAGE=" + image)
                .run();
    }

    @Override
    public KubernetesClient client() {
        return client;
    }

    @Override
    public String namespace() {
        return namespace;
    }

    @Override
    public PostgresServer postgres() {
        return postgres;
    }

    @Override
    public PostgresServer startPostgres(Path dir) {
        return PodPostgres.start(
                client, namespace, "postgres-" + UUID.randomUUID().toString().substring(0, 8));
    }

    @Override
    public String workerImage() {
        return IMAGE;
    }

    @Override
    public void startOperator() throws IOException {
        scaleOperator(1);
        kubectl("rollout", "status", "--timeout=120s", "deployment/" + OPERATOR);
    }

    @Override
    public void killOperator() {
        scaleOperator(0);
        client.pods()
                .inNamespace(namespace)
                .withLabel("app.kubernetes.io/name", OPERATOR)
                .withGracePeriod(0)
                .delete();
        await("the operator's pod is gone")
                .atMost(PATIENCE)
                .until(() -> operatorPods().isEmpty());
    }

    /** The API knows no {@code kill -9}: a pod without grace is killed at once, and gone. */
    @Override
    public void kill(Pod pod) {
        client.resource(pod).withGracePeriod(0).delete();
    }

    @Override
    public String operatorLog() throws IOException {
        return kubectl("logs", "deployment/" + OPERATOR);
    }

    @Override
    public Stream<String> metrics() throws IOException {
        var pod = operatorPods().getFirst();
        return client.raw("/api/v1/namespaces/%s/pods/%s:8080/proxy/q/metrics"
                        .formatted(namespace, pod.getMetadata().getName()))
                .lines();
    }

    @Override
    public void keepLogs(Path folder) throws IOException {
        Files.writeString(folder.resolve("events.txt"), kubectl("get", "events", "--sort-by=.lastTimestamp"));
        Files.writeString(
                folder.resolve("describe.txt"), kubectl("describe", "deployments,jobs,pods,workerpools,workerjobs"));
        for (var pod : client.pods().inNamespace(namespace).list().getItems()) {
            var name = pod.getMetadata().getName();
            Files.writeString(folder.resolve(name + ".log"), logs(name));
            Files.writeString(folder.resolve(name + ".previous.log"), logs(name, "--previous"));
        }
    }

    /** What kubectl says, which may be that there are none. */
    private String logs(String pod, String... options) {
        try {
            return kubectl(
                    Stream.concat(Stream.of("logs", pod), Stream.of(options)).toArray(String[]::new));
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    List<Pod> operatorPods() {
        return client.pods()
                .inNamespace(namespace)
                .withLabel("app.kubernetes.io/name", OPERATOR)
                .list()
                .getItems();
    }

    /** As a drained node would: with grace, where the options don't say otherwise. Returns at once. */
    void deleteOperatorPods(String... options) throws IOException {
        kubectl(Stream.concat(
                        Stream.of("delete", "pod", "--wait=false", "-l", "app.kubernetes.io/name=" + OPERATOR),
                        Stream.of(options))
                .toArray(String[]::new));
    }

    Pod postgresPod() {
        return postgres.pod();
    }

    void scaleOperator(int replicas) {
        client.apps().deployments().inNamespace(namespace).withName(OPERATOR).scale(replicas);
    }

    @Override
    public void close() {
        Diagnostics.forget(this);
        postgres.close();
        client.namespaces()
                .withName(namespace)
                .withTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .delete();
        client.close();
    }
}
