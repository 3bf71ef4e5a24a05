package dev.pgworkerpool.bench;

import dev.pgworkerpool.postgres.QueueDatabase;
import dev.pgworkerpool.system.RunningSystem;
import java.util.ArrayList;
import java.util.List;

/**
 * What the operator takes of the memory, with one pool that has nothing to do, and with many pools and WorkerJobs. Once.
 *
 * @param pools on as many databases
 * @param workerJobs that have ended
 */
record OperatorQuestion(int pools, int workerJobs) implements Question {
    private static final Series IDLE = Series.ours("one pool", "MiB");
    private static final Series LOADED = Series.ours("many pools and WorkerJobs", "MiB");

    @Override
    public About about() {
        return new About(
                "operator",
                "Resident memory of the operator",
                "MiB with one idle pool, and with %d pools, each on a database of its own, and %,d WorkerJobs that have run."
                        .formatted(pools, workerJobs),
                1,
                List.of(Aim.atMost(200, IDLE), Aim.atMost(300, LOADED)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var cluster = OneNodeCluster.start(server);
        var databases = new ArrayList<QueueDatabase>();
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(this::idle, this::loaded);
            }

            private List<Figure> idle() throws Exception {
                return List.of(new Figure(IDLE, ResidentMemory.mebibytes(cluster.operator())));
            }

            private List<Figure> loaded() throws Exception {
                for (int i = 1; i < pools; i++) {
                    databases.add(QueueDatabase.withoutQueue(server.postgres()));
                    cluster.system().apply(pool(server, i, databases.getLast().name()));
                }
                for (int i = 1; i < pools; i++) {
                    cluster.system().awaitReady("pool-" + i);
                }
                WorkerJobsQuestion.create(cluster.system(), workerJobs, 8);
                cluster.awaitSucceeded(workerJobs);
                return List.of(new Figure(LOADED, ResidentMemory.mebibytes(cluster.operator())));
            }

            @Override
            public int roundsToWarmUp() {
                return 0;
            }

            @Override
            public List<String> remarks() {
                return List.of(OneNodeCluster.REMARK);
            }

            @Override
            public void close() throws Exception {
                cluster.close();
                for (var database : databases) {
                    database.close();
                }
            }
        };
    }

    private static String pool(BenchServer server, int number, String database) {
        return """
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: pool-%d}
                spec:
                  database: %s
                  logins: [{secretRef: {name: alice}}]
                """.formatted(number, RunningSystem.databaseSpec(server.postgres(), database));
    }
}
