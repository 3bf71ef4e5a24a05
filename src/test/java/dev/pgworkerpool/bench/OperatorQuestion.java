package dev.pgworkerpool.bench;

import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import dev.pgworkerpool.system.ProcessLoad;
import dev.pgworkerpool.system.RunningSystem;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What the operator takes of the time until it is ready, and of the memory with one pool that has nothing to do and with many pools and
 * WorkerJobs. Once.
 *
 * @param pools on as many databases
 * @param workerJobs that have ended
 */
record OperatorQuestion(int pools, int workerJobs) implements Question {
    private static final int STARTS = 5;
    private static final long SEVERAL_SWEEPS_MILLIS = 20_000;

    private static final Series READY = Series.ours("start to ready, p50", "ms");
    private static final Series IDLE = Series.ours("one pool", "MiB");
    private static final Series LOADED = Series.ours("many pools and WorkerJobs", "MiB");

    @Override
    public About about() {
        return new About(
                "operator",
                "Start and memory of the operator",
                "From the start of its process until it says that it is ready; resident with one idle pool, and with %d pools, each on a database of its own, and %,d WorkerJobs that have run."
                        .formatted(pools, workerJobs),
                1,
                List.of(Aim.atMost(1500, READY), Aim.atMost(200, IDLE), Aim.atMost(300, LOADED)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var cluster = OneNodeCluster.start(server);
        return new OneNodeTrial(
                cluster,
                0,
                List.of(() -> starts(cluster), () -> idle(cluster), () -> loaded(cluster, server.postgres())),
                List.of());
    }

    private static List<Figure> starts(OneNodeCluster cluster) throws IOException {
        var times = new ArrayList<Double>();
        for (int i = 0; i < STARTS; i++) {
            times.add(cluster.restartOperator().toNanos() / 1e6);
        }
        return List.of(new Figure(READY, Quantile.of(times, 50)));
    }

    private static List<Figure> idle(OneNodeCluster cluster) throws IOException, InterruptedException {
        cluster.awaitPass();
        Thread.sleep(SEVERAL_SWEEPS_MILLIS);
        return List.of(new Figure(IDLE, ProcessLoad.of(cluster.operator()).residentMiB()));
    }

    /** The databases go with the server. */
    private List<Figure> loaded(OneNodeCluster cluster, PostgresServer server) throws Exception {
        for (int i = 1; i < pools; i++) {
            cluster.system()
                    .apply(pool(server, i, QueueDatabase.withoutQueue(server).name()));
        }
        for (int i = 1; i < pools; i++) {
            cluster.system().awaitReady("pool-" + i);
        }
        WorkerJobsQuestion.create(cluster.system(), workerJobs, 8);
        cluster.awaitSucceeded(workerJobs);
        return List.of(new Figure(LOADED, ProcessLoad.of(cluster.operator()).residentMiB()));
    }

    private static String pool(PostgresServer server, int number, String database) {
        return """
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: pool-%d}
                spec:
                  database: %s
                  logins: [{secretRef: {name: alice}}]
                """.formatted(number, RunningSystem.databaseSpec(server, database));
    }
}
