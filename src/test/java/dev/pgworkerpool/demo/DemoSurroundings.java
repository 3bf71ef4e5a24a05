package dev.pgworkerpool.demo;

import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;

/** PostgreSQL, a Kubernetes API with one node, the packaged operator as a process, a WorkerPool: all that the demo needs. */
final class DemoSurroundings implements AutoCloseable {
    private static final Path CRDS = Path.of("crds");
    private static final String WORKER_IMAGE = "pg-worker-pool-operator";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Teardown teardown = new Teardown();
    private final Path dir;

    DemoSurroundings(Path dir) {
        this.dir = dir;
    }

    /** What is up, once all of it is. */
    record Parts(DemoDatabase database, EmbeddedCluster cluster, OperatorDeployment operator) {
        DemoNamespace namespace() {
            return new DemoNamespace(cluster.client());
        }
    }

    /** Returns when the pool is ready and {@code env} is written. */
    Parts start() throws Exception {
        removeEarlier();
        Files.createDirectories(dir);
        var database = teardown.start(() -> DemoDatabase.start(dir.resolve("postgres")));
        var cluster = teardown.start(() -> EmbeddedCluster.start(dir, NodeImage.worker()));
        cluster.applyCrds(CRDS);
        var operator = teardown.start(() -> new OperatorDeployment(
                cluster.kubeconfig(), operatorLog(), operatorPid(), Map.of("PGWP_WORKER_IMAGE", WORKER_IMAGE)));
        var namespace = new DemoNamespace(cluster.client());
        DemoPool.create(namespace, database);
        awaitReadyPool(namespace);
        DemoEnvironment.of(database, cluster.kubeconfig(), operator.url()).writeTo(dir.resolve("env"));
        return new Parts(database, cluster, operator);
    }

    @Override
    public void close() {
        teardown.close();
    }

    private Path operatorLog() {
        return dir.resolve("operator.log");
    }

    private Path operatorPid() {
        return dir.resolve("operator.pid");
    }

    private void awaitReadyPool(DemoNamespace namespace) {
        await("a ready WorkerPool; the operator's log is " + operatorLog())
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> namespace.isReady("WorkerPool", DemoPool.NAME));
    }

    /** The database folder is left to EmbeddedPostgres: it stops a server that an earlier demo, killed, left running there. */
    private void removeEarlier() throws IOException {
        if (!Files.exists(dir)) {
            return;
        }
        OperatorProcess.endEarlier(operatorPid());
        var database = dir.resolve("postgres");
        try (var files = Files.walk(dir)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.startsWith(database) && !file.equals(dir)) {
                    Files.delete(file);
                }
            }
        }
    }
}
