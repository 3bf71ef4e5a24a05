package dev.pgworkerpool.system;

import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.PostgresServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The cluster of the current kube context: the operator is deployed as a user would, by {@code make deploy}, into a new
 * namespace with restricted Pod Security; PostgreSQL is a pod of that namespace. The image has to be known to the cluster.
 */
final class ClusterSurroundings implements Surroundings {
    static final String OPERATOR = "pg-worker-pool-operator";
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final ClusterNamespace namespace;
    private final PodPostgres postgres;

    private ClusterSurroundings() throws IOException {
        this.namespace = ClusterNamespace.create();
        this.postgres = PodPostgres.start(client(), namespace(), "postgres");
    }

    static ClusterSurroundings start() throws IOException {
        var surroundings = withoutOperator();
        surroundings.make("deploy", ClusterNamespace.IMAGE);
        return surroundings;
    }

    /** A namespace that nothing has been deployed to, with PostgreSQL. */
    static ClusterSurroundings withoutOperator() throws IOException {
        var surroundings = new ClusterSurroundings();
        Diagnostics.watch(surroundings);
        return surroundings;
    }

    /** The real kubectl, in this namespace; returns what it printed. */
    String kubectl(String... arguments) throws IOException {
        return namespace.kubectl(arguments);
    }

    /** As a user would; returns what it printed. */
    String make(String target, String image) throws IOException {
        return namespace.make(target, image);
    }

    /** As {@link ClusterNamespace#everything}. */
    List<String> everything() throws IOException {
        return namespace.everything();
    }

    @Override
    public KubernetesClient client() {
        return namespace.client();
    }

    @Override
    public String namespace() {
        return namespace.namespace();
    }

    @Override
    public PostgresServer postgres() {
        return postgres;
    }

    @Override
    public PostgresServer startPostgres(Path dir) {
        return PodPostgres.start(
                client(),
                namespace(),
                "postgres-" + UUID.randomUUID().toString().substring(0, 8));
    }

    @Override
    public String workerImage() {
        return ClusterNamespace.IMAGE;
    }

    @Override
    public void startOperator() throws IOException {
        scaleOperator(1);
        kubectl("rollout", "status", "--timeout=120s", "deployment/" + OPERATOR);
    }

    @Override
    public void killOperator() {
        scaleOperator(0);
        client().pods()
                .inNamespace(namespace())
                .withLabel("app.kubernetes.io/name", OPERATOR)
                .withGracePeriod(0)
                .delete();
        awaitNoOperator();
    }

    /** With grace: it gives its lease back, so that the next one leads at once. */
    void stopOperator() {
        scaleOperator(0);
        awaitNoOperator();
    }

    private void awaitNoOperator() {
        await("the operator's pod is gone")
                .atMost(PATIENCE)
                .until(() -> operatorPods().isEmpty());
    }

    /** The API knows no {@code kill -9}: a pod without grace is killed at once, and gone. */
    @Override
    public void kill(Pod pod) {
        client().resource(pod).withGracePeriod(0).delete();
    }

    @Override
    public String operatorLog() throws IOException {
        return kubectl("logs", "deployment/" + OPERATOR);
    }

    @Override
    public Stream<String> metrics() throws IOException {
        var pod = operatorPods().getFirst();
        return client().raw("/api/v1/namespaces/%s/pods/%s:8080/proxy/q/metrics"
                        .formatted(namespace(), pod.getMetadata().getName()))
                .lines();
    }

    @Override
    public void keepLogs(Path folder) throws IOException {
        namespace.keepLogs(folder);
    }

    List<Pod> operatorPods() {
        return client().pods()
                .inNamespace(namespace())
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
        client().apps()
                .deployments()
                .inNamespace(namespace())
                .withName(OPERATOR)
                .scale(replicas);
    }

    @Override
    public void close() {
        Diagnostics.forget(this);
        postgres.close();
        namespace.close();
    }
}
