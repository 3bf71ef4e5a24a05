package dev.pgworkerpool.system;

import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.demo.OperatorProcess;
import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import dev.pgworkerpool.postgres.EmbeddedPostgres;
import dev.pgworkerpool.postgres.QueueDatabase;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The whole product on this machine: a PostgreSQL, a Kubernetes API with one node, and the packaged operator as a process, which
 * looks after one WorkerPool, {@code library}.
 */
final class RunningSystem implements AutoCloseable {
    static final String NAMESPACE = "default";
    static final String POOL = "library";
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Path dir;
    private final EmbeddedPostgres postgres;
    private final QueueDatabase database;
    private final EmbeddedCluster cluster;
    private OperatorProcess operator;
    private int starts;

    private RunningSystem(Path dir) throws SQLException, IOException {
        this.dir = dir;
        this.postgres = EmbeddedPostgres.start(dir.resolve("postgres"));
        this.database = QueueDatabase.withoutQueue(postgres);
        this.cluster = EmbeddedCluster.start(dir.resolve("cluster"), NodeImage.worker());
        cluster.applyCrds(Path.of("crds"));
        this.operator = newOperator();
    }

    /** Returns when the pool is ready. */
    static RunningSystem start(Path dir) throws SQLException, IOException {
        var system = new RunningSystem(dir);
        system.createSecret("operator", QueueDatabase.OPERATOR, QueueDatabase.PASSWORD);
        system.createSecret("alice", "alice", QueueDatabase.PASSWORD);
        system.createSecret("bob", "wp$bob", QueueDatabase.PASSWORD);
        system.createPool(POOL, 8, "");
        system.awaitReady(POOL);
        system.database.execute(
                "alice",
                "CREATE TABLE public.effect (id bigint GENERATED ALWAYS AS IDENTITY, worker text, v bigint)",
                "GRANT ALL ON public.effect TO PUBLIC");
        return system;
    }

    EmbeddedPostgres postgres() {
        return postgres;
    }

    QueueDatabase database() {
        return database;
    }

    EmbeddedCluster cluster() {
        return cluster;
    }

    OperatorProcess operator() {
        return operator;
    }

    Path operatorLog() {
        return dir.resolve("operator-" + starts + ".log");
    }

    /** {@code kill -9}. */
    void killOperator() throws InterruptedException {
        operator.handle().destroyForcibly();
        operator.handle().onExit().join();
    }

    void startOperator() throws IOException {
        operator = newOperator();
    }

    void createSecret(String name, String username, String password) {
        cluster.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(NAMESPACE)
                        .endMetadata()
                        .withType("kubernetes.io/basic-auth")
                        .withStringData(Map.of("username", username, "password", password))
                        .build())
                .forceConflicts()
                .serverSideApply();
    }

    /** A pool on this system's database; further lines of its spec are indented by two. */
    void createPool(String name, int slots, String furtherSpec) {
        createPool(name, postgres.port(), slots, furtherSpec);
    }

    void createPool(String name, int port, int slots, String furtherSpec) {
        apply("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: %s}
                spec:
                  database: {host: 127.0.0.1, port: %d, name: %s, secretRef: {name: operator}}
                  slots: %d
                  logins:
                    - secretRef: {name: alice}
                    - {secretRef: {name: bob}, role: bob}
                %s""".formatted(name, port, database.name(), slots, furtherSpec));
    }

    void apply(String yaml) {
        cluster.client().resource(yaml).inNamespace(NAMESPACE).serverSideApply();
    }

    WorkerPool pool(String name) {
        return Optional.ofNullable(cluster.client()
                        .resources(WorkerPool.class)
                        .inNamespace(NAMESPACE)
                        .withName(name)
                        .get())
                .orElseThrow(() -> new NoSuchElementException("WorkerPool " + name));
    }

    WorkerJob workerJob(String name) {
        return Optional.ofNullable(cluster.client()
                        .resources(WorkerJob.class)
                        .inNamespace(NAMESPACE)
                        .withName(name)
                        .get())
                .orElseThrow(() -> new NoSuchElementException("WorkerJob " + name));
    }

    /** As {@code status reason}, e.g. {@code False DatabaseUnavailable}; empty before the first status. */
    String ready(String pool) {
        var status = pool(pool).getStatus();
        return status == null ? "" : ready(status.conditions());
    }

    static String ready(List<Condition> conditions) {
        return conditions.stream()
                .filter(condition -> condition.getType().equals("Ready"))
                .map(condition -> condition.getStatus() + " " + condition.getReason())
                .findFirst()
                .orElse("");
    }

    void awaitReady(String pool) {
        await("pool " + pool + " is ready, see " + operatorLog())
                .atMost(PATIENCE)
                .until(() -> ready(pool).startsWith("True"));
    }

    /** Until no job waits or runs. */
    void awaitAllEnded() {
        await("all jobs end, see " + operatorLog())
                .atMost(PATIENCE.multipliedBy(2))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> database.look("SELECT worker_name FROM worker_pool.queue LIMIT 1")
                        .isEmpty());
    }

    List<Pod> workerPods() {
        return cluster.client()
                .pods()
                .inNamespace(NAMESPACE)
                .withLabel("app.kubernetes.io/name", "pg-worker-pool-worker")
                .list()
                .getItems();
    }

    /** Most pods that ran at the same time, by the API's own history. */
    int mostRunningPods() {
        var running = new java.util.HashSet<String>();
        int most = 0;
        for (var change : cluster.history()) {
            if (!change.kind().equals("Pod")) {
                continue;
            }
            if ("Running".equals(change.podPhase()) && change.type() != dev.pgworkerpool.embedded.Change.Type.DELETED) {
                running.add(change.name());
            } else {
                running.remove(change.name());
            }
            most = Math.max(most, running.size());
        }
        return most;
    }

    /** Sessions in the database that belong to workers or to their jobs. */
    List<String> workerSessions() throws SQLException {
        return database.look("""
                SELECT application_name FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'worker_pool %'""");
    }

    /** Numbers of the operator's metrics page, by name with labels. */
    Map<String, Double> metrics() throws IOException, InterruptedException {
        var request = java.net.http.HttpRequest.newBuilder(operator.url().resolve("/q/metrics"))
                .build();
        try (var http = java.net.http.HttpClient.newHttpClient()) {
            return http.send(request, java.net.http.HttpResponse.BodyHandlers.ofLines())
                    .body()
                    .filter(line -> !line.startsWith("#") && line.contains(" "))
                    .collect(Collectors.toMap(
                            line -> line.substring(0, line.lastIndexOf(' ')),
                            line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)),
                            (a, b) -> b));
        }
    }

    private OperatorProcess newOperator() throws IOException {
        starts++;
        return OperatorProcess.start(
                cluster.kubeconfig(), operatorLog(), Map.of("PGWP_WORKER_IMAGE", "pg-worker-pool-operator"));
    }

    @Override
    public void close() {
        operator.close();
        cluster.close();
        postgres.close();
    }
}
