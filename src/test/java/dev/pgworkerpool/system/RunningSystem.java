package dev.pgworkerpool.system;

import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;

/**
 * The whole product, running: an operator that looks after one WorkerPool, {@code library}, on a database with the roles of
 * {@link QueueDatabase} and a table {@code public.effect} for their jobs to write to.
 */
public final class RunningSystem implements AutoCloseable {
    public static final String POOL = "library";
    static final Duration PATIENCE = Duration.ofSeconds(90);

    /** A job that waits until nobody {@link #block}s it. */
    static final String BLOCKED = "SELECT pg_advisory_xact_lock(4711)";

    private final Surroundings surroundings;
    private final QueueDatabase database;

    private RunningSystem(Surroundings surroundings) throws SQLException {
        this.surroundings = surroundings;
        this.database = QueueDatabase.withoutQueue(surroundings.postgres());
    }

    /** Returns when the pool is ready. */
    static RunningSystem start(Path dir) throws Exception {
        return start(Surroundings.start(dir));
    }

    /** Returns when the pool is ready. The surroundings are closed with it. */
    public static RunningSystem start(Surroundings surroundings) throws Exception {
        var system = new RunningSystem(surroundings);
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

    Surroundings surroundings() {
        return surroundings;
    }

    PostgresServer postgres() {
        return surroundings.postgres();
    }

    public QueueDatabase database() {
        return database;
    }

    public KubernetesClient client() {
        return surroundings.client();
    }

    public String namespace() {
        return surroundings.namespace();
    }

    public void createSecret(String name, String username, String password) {
        client().resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(namespace())
                        .endMetadata()
                        .withType("kubernetes.io/basic-auth")
                        .withStringData(Map.of("username", username, "password", password))
                        .build())
                .forceConflicts()
                .serverSideApply();
    }

    /**
     * A pool on this system's database, or another spec for it; further lines are indented by two. Returns when the operator has
     * seen it.
     */
    void createPool(String name, int slots, String furtherSpec) {
        apply(poolYaml(name, slots, furtherSpec));
        awaitObserved(name);
    }

    String poolYaml(String name, int slots, String furtherSpec) {
        return """
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: %s}
                spec:
                  database: %s
                  slots: %d
                  logins:
                    - secretRef: {name: alice}
                    - {secretRef: {name: bob}, role: bob}
                %s""".formatted(name, databaseSpec(postgres(), database.name()), slots, furtherSpec);
    }

    /** The {@code spec.database} of a pool. */
    public static String databaseSpec(PostgresServer server, String name) {
        return "{host: %s, port: %d, name: %s, secretRef: {name: operator}}"
                .formatted(server.hostInCluster(), server.portInCluster(), name);
    }

    public void apply(String yaml) {
        client().resource(yaml).inNamespace(namespace()).serverSideApply();
    }

    NonNamespaceOperation<WorkerPool, KubernetesResourceList<WorkerPool>, Resource<WorkerPool>> pools() {
        return client().resources(WorkerPool.class).inNamespace(namespace());
    }

    public NonNamespaceOperation<WorkerJob, KubernetesResourceList<WorkerJob>, Resource<WorkerJob>> workerJobs() {
        return client().resources(WorkerJob.class).inNamespace(namespace());
    }

    WorkerPool pool(String name) {
        return Optional.ofNullable(pools().withName(name).get())
                .orElseThrow(() -> new NoSuchElementException("WorkerPool " + name));
    }

    WorkerJob workerJob(String name) {
        return Optional.ofNullable(workerJobs().withName(name).get())
                .orElseThrow(() -> new NoSuchElementException("WorkerJob " + name));
    }

    List<Event> events() {
        return client().events().v1().events().inNamespace(namespace()).list().getItems();
    }

    /** The Kubernetes Jobs of the namespace. */
    List<Job> jobs() {
        return client().batch().v1().jobs().inNamespace(namespace()).list().getItems();
    }

    List<Pod> workerPods() {
        return client().pods()
                .inNamespace(namespace())
                .withLabel("app.kubernetes.io/name", "pg-worker-pool-worker")
                .list()
                .getItems();
    }

    /** Those of them that run. */
    List<Pod> runningPods() {
        return workerPods().stream()
                .filter(pod -> "Running".equals(pod.getStatus().getPhase()))
                .toList();
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

    /** What the pool says of its readiness, in words. */
    String message(String pool) {
        return Objects.requireNonNull(pool(pool).getStatus()).conditions().stream()
                .filter(condition -> condition.getType().equals("Ready"))
                .findFirst()
                .orElseThrow()
                .getMessage();
    }

    /** Until the operator has seen the pool's spec. */
    void awaitObserved(String name) {
        eventually().alias("pool " + name + " is observed").until(() -> {
            var pool = pool(name);
            return pool.getStatus() != null
                    && Objects.equals(
                            pool.getStatus().observedGeneration(),
                            pool.getMetadata().getGeneration());
        });
    }

    /** Until the pool {@link #POOL} is as in {@code False DatabaseUnavailable}. */
    void awaitReason(String ready) {
        eventually().alias(ready).until(() -> ready(POOL).equals(ready));
    }

    public void awaitReady(String pool) {
        eventually().alias("pool " + pool + " is ready").until(() -> ready(pool).startsWith("True"));
    }

    /** Until no job waits or runs. */
    void awaitAllEnded() {
        eventually().alias("all jobs end").atMost(PATIENCE.multipliedBy(2)).until(this::nothingWaits);
    }

    /** And nothing runs. */
    public boolean nothingWaits() throws SQLException {
        return database.look("SELECT worker_name FROM worker_pool.queue LIMIT 1")
                .isEmpty();
    }

    /** Null when no operator has stood for election yet. */
    @Nullable
    Lease lease() {
        return client().leases()
                .inNamespace(namespace())
                .withName("pg-worker-pool-operator")
                .get();
    }

    /** The operator that leads: its pod's name and a random part; empty when nobody does. */
    String leader() {
        var lease = lease();
        return lease == null || lease.getSpec().getHolderIdentity() == null
                ? ""
                : lease.getSpec().getHolderIdentity();
    }

    /** Lets time go by: a fault takes some, or comes at a moment of its own. */
    static void pause(Duration duration) {
        await().pollDelay(duration).atMost(duration.plusSeconds(10)).until(() -> true);
    }

    /** Waits patiently for what follows it. */
    static ConditionFactory eventually() {
        return await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200));
    }

    /** Queues a job of alice's whose effect is a row with the worker's name. */
    void submitEffect(String worker) throws SQLException {
        database.submit("alice", worker, effect(worker));
    }

    /** The same, after it was {@link #BLOCKED}. */
    void submitBlocked(String worker) throws SQLException {
        database.submit("alice", worker, BLOCKED + "; " + effect(worker));
    }

    static String effect(String worker) {
        return "INSERT INTO public.effect (worker) VALUES ('" + worker.replace("'", "''") + "')";
    }

    long effects(String worker) throws SQLException {
        return Long.parseLong(superuserLook("SELECT count(*) FROM public.effect WHERE worker = ?", worker)
                .getFirst());
    }

    void awaitEffects(String worker, long number) {
        eventually().alias("effects of " + worker).until(() -> effects(worker) == number);
    }

    /** Of all jobs of this worker together. */
    int attempts(String worker) throws SQLException {
        return Integer.parseInt(
                superuserLook("SELECT sum(attempts) FROM worker_pool.jobs WHERE worker_name = ?", worker)
                        .getFirst());
    }

    void awaitStatus(String worker, String status) {
        eventually()
                .alias(worker + " is " + status)
                .until(() -> superuserLook("SELECT status FROM worker_pool.jobs WHERE worker_name = ?", worker)
                        .contains(status));
    }

    /** The first column of each row; works when the operator's password does not. */
    List<String> superuserLook(String query, String... parameters) throws SQLException {
        try (var connection = database.asSuperuser()) {
            return QueueDatabase.ask(connection, query, parameters);
        }
    }

    /** Holds back the jobs {@link #BLOCKED} until it is closed. */
    Connection block() throws SQLException {
        var connection = database.asSuperuser();
        QueueDatabase.execute(connection, "SELECT pg_advisory_lock(4711)");
        return connection;
    }

    /** Sessions in the database that belong to workers or to their jobs. */
    List<String> workerSessions() throws SQLException {
        return database.look("""
                SELECT application_name FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'worker_pool %'""");
    }

    /** Numbers of the operator's metrics page, by name with labels. */
    public Map<String, Double> metrics() throws IOException {
        return surroundings
                .metrics()
                .filter(line -> !line.startsWith("#") && line.contains(" "))
                .collect(Collectors.toMap(
                        line -> line.substring(0, line.lastIndexOf(' ')),
                        line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)),
                        (a, b) -> b));
    }

    @Override
    public void close() {
        surroundings.close();
    }
}
