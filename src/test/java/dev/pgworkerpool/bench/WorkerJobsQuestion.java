package dev.pgworkerpool.bench;

import dev.pgworkerpool.system.ProcessLoad;
import dev.pgworkerpool.system.RunningSystem;
import dev.pgworkerpool.system.WorkerJobs;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/**
 * Many WorkerJobs, created as fast as the API takes them, until the status of all says that they succeeded. Once: it takes minutes.
 *
 * @param names that take turns
 */
record WorkerJobsQuestion(int number, int names) implements Question {
    private static final int CLIENTS = 4;

    private static final Series RATE = Series.ours("WorkerJobs", "WorkerJobs/s");
    private static final Series CREATION = Series.ours("until all are created", "s");
    private static final Series END = Series.ours("until all succeeded", "s");
    private static final Series WRITES = Series.ours("status writes", "a WorkerJob");
    private static final Series REQUESTS = Series.ours("API requests", "a WorkerJob");
    private static final Series RESIDENT = Series.ours("operator, resident", "MiB");

    @Override
    public About about() {
        return new About(
                "workerjobs",
                "%,d WorkerJobs".formatted(number),
                "From the creation of the first of %,d WorkerJobs, for %d names, until the status of all of them says that they succeeded."
                        .formatted(number, names),
                1,
                List.of(Aim.atMost(4, WRITES)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var cluster = OneNodeCluster.start(server);
        return new OneNodeTrial(
                cluster,
                0,
                List.of(() -> run(cluster)),
                List.of(
                        "API requests are those of the operator and of the node, without the creations themselves. A write that"
                                + " changes nothing counts as a request only."));
    }

    private List<Figure> run(OneNodeCluster cluster) throws Exception {
        long requestsBefore = cluster.requests();
        var began = Instant.now();
        create(cluster.system(), number, names);
        var created = Instant.now();
        int looks = cluster.awaitSucceeded(number);
        var ended = Instant.now();
        double seconds = seconds(began, ended);
        return List.of(
                new Figure(RATE, number / seconds),
                new Figure(CREATION, seconds(began, created)),
                new Figure(END, seconds),
                new Figure(WRITES, cluster.updates("WorkerJob") / (double) number),
                new Figure(REQUESTS, (cluster.requests() - requestsBefore - number - looks) / (double) number),
                new Figure(RESIDENT, ProcessLoad.of(cluster.operator()).residentMiB()));
    }

    /** Creates WorkerJobs of one statement, by several clients at once. */
    static void create(RunningSystem system, int number, int names) throws Exception {
        try (var clients = Executors.newFixedThreadPool(CLIENTS)) {
            var workerJobs = new WorkerJobs(system);
            var creations = IntStream.range(0, number)
                    .mapToObj(i -> Executors.callable(() -> workerJobs.apply(
                            "job-" + i,
                            "worker: name " + i % names,
                            "role: alice",
                            "statements: [\"" + BenchDatabase.INSERT + "\"]")))
                    .toList();
            for (var creation : clients.invokeAll(creations)) {
                creation.get();
            }
        }
    }

    private static double seconds(Instant from, Instant to) {
        return Duration.between(from, to).toMillis() / 1000.0;
    }
}
