package dev.pgworkerpool.bench;

import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.embedded.Change;
import dev.pgworkerpool.embedded.NodeImage;
import dev.pgworkerpool.postgres.QueueDatabase;
import dev.pgworkerpool.system.EmbeddedSurroundings;
import dev.pgworkerpool.system.RunningSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The operator of this build, with a pool of 8 slots, on the demo's Kubernetes: an API in this process, and a node that runs workers as
 * processes. Both are started as the image starts them.
 */
final class OneNodeCluster implements AutoCloseable {
    static final String REMARK =
            "On the Kubernetes API of the demo, with one node; operator and workers as the image starts them. A real"
                    + " cluster takes longer for what is its own: `make measure`.";

    private static final Path FOLDER = Path.of("target", "bench");
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    private static final Duration GLANCE = Duration.ofMillis(500);

    private final EmbeddedSurroundings surroundings;
    private final RunningSystem system;

    private OneNodeCluster(EmbeddedSurroundings surroundings, RunningSystem system) {
        this.surroundings = surroundings;
        this.system = system;
    }

    /** Returns when the pool is ready. */
    static OneNodeCluster start(BenchServer server) throws Exception {
        var folder = Files.createTempDirectory(FOLDER, "cluster-");
        var surroundings = EmbeddedSurroundings.on(
                server.postgres(), folder, NodeImage.worker(ImageFiles.worker()), ImageFiles.operator());
        try {
            return new OneNodeCluster(surroundings, RunningSystem.start(surroundings));
        } catch (Exception e) {
            surroundings.close();
            throw e;
        }
    }

    RunningSystem system() {
        return system;
    }

    QueueDatabase database() {
        return system.database();
    }

    ProcessHandle operator() {
        return surroundings.operator().handle();
    }

    /** Kills it and starts it again. Returns how long it took from there until it was ready. */
    Duration restartOperator() throws IOException {
        surroundings.killOperator();
        var start = Instant.now();
        surroundings.startOperator();
        await().atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(20))
                .until(surroundings.operator()::isReady);
        return Duration.between(start, Instant.now());
    }

    /** Until the operator that was started last has been through a pass. */
    void awaitPass() {
        await().atMost(PATIENCE)
                .until(() -> system.metrics().entrySet().stream()
                        .anyMatch(metric ->
                                metric.getKey().startsWith("pgworkerpool_pool_ready{") && metric.getValue() == 1));
    }

    /** So many requests were made to the API, by all clients. */
    long requests() {
        return surroundings.cluster().requests();
    }

    /** When each worker's Kubernetes Job was created, the first one first. */
    List<Instant> jobsCreated() {
        return changes("Job", change -> change.type() == Change.Type.ADDED)
                .map(Change::at)
                .toList();
    }

    /** How often objects of a kind were written after their creation. */
    long updates(String kind) {
        return changes(kind, change -> change.type() == Change.Type.MODIFIED).count();
    }

    /** Until so many worker pods have ended. */
    void awaitEndedPods(long number) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> changes("Pod", change -> "Succeeded".equals(change.podPhase()))
                                .map(Change::name)
                                .distinct()
                                .count()
                        >= number);
    }

    /** Until no job waits or runs. */
    void awaitAllEnded() {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(system::nothingWaits);
    }

    /** Until so many WorkerJobs have succeeded, as their status says. Returns how often the API was asked for that. */
    int awaitSucceeded(int number) {
        await().atMost(PATIENCE)
                .pollInterval(GLANCE)
                .until(() -> database()
                        .look("SELECT count(*) FROM worker_pool.jobs WHERE status = 'done'")
                        .contains(Integer.toString(number)));
        var looks = new AtomicInteger();
        await().atMost(PATIENCE).pollInterval(GLANCE).until(() -> {
            looks.incrementAndGet();
            return succeeded() == number;
        });
        return looks.get();
    }

    private long succeeded() {
        return system.workerJobs().list().getItems().stream()
                .filter(job -> job.getStatus() != null && job.getStatus().phase() == Phase.Succeeded)
                .count();
    }

    private Stream<Change> changes(String kind, Predicate<Change> which) {
        return surroundings.cluster().history().stream()
                .filter(change -> change.kind().equals(kind) && which.test(change));
    }

    @Override
    public void close() throws SQLException {
        system.close();
        system.database().close();
    }
}
