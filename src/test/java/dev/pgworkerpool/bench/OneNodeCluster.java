package dev.pgworkerpool.bench;

import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.embedded.Change;
import dev.pgworkerpool.postgres.QueueDatabase;
import dev.pgworkerpool.system.EmbeddedSurroundings;
import dev.pgworkerpool.system.RunningSystem;
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
 * The operator of this build as a process of its own, with a pool of 8 slots, on the demo's Kubernetes: an API in this process, and
 * a node that runs workers as processes. What the image's AOT caches give is missing here.
 */
final class OneNodeCluster implements AutoCloseable {
    static final String REMARK =
            "On the Kubernetes API of the demo, with one node and without the image's AOT caches; a real cluster takes"
                    + " longer for what is its own: `make measure`.";

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
        var surroundings = EmbeddedSurroundings.on(server.postgres(), folder);
        return new OneNodeCluster(surroundings, RunningSystem.start(surroundings));
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
