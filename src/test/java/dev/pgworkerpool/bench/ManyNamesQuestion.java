package dev.pgworkerpool.bench;

import dev.pgworkerpool.system.ProcessLoad;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Many more names than slots, each with some jobs, queued in one transaction: until all is done. Once: it takes minutes.
 *
 * @param jobs of each name
 */
record ManyNamesQuestion(int names, int jobs) implements Question {
    private static final int TO_WARM_UP = 40;

    private static final Series NAMES = Series.ours("names", "names/s");
    private static final Series JOBS = Series.ours("jobs", "jobs/s");
    private static final Series TURNS = Series.ours("worker turns", "turns");
    private static final Series REQUESTS = Series.ours("API requests", "a turn");
    private static final Series CPU = Series.ours("operator's CPU", "ms a turn");

    @Override
    public About about() {
        return new About(
                "many-names",
                "%,d names on 8 slots".formatted(names),
                "From the commit of %d jobs for each of %,d names until the last one is done, on 8 slots."
                        .formatted(jobs, names),
                1,
                List.of(Aim.atMost(12, REQUESTS)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var cluster = OneNodeCluster.start(server);
        run(cluster, TO_WARM_UP);
        return new OneNodeTrial(
                cluster,
                0,
                List.of(() -> run(cluster, names)),
                List.of("API requests are those of all clients, the operator's watches among them."));
    }

    private List<Figure> run(OneNodeCluster cluster, int number) throws SQLException, IOException {
        int jobsBefore = cluster.jobsCreated().size();
        long requestsBefore = cluster.requests();
        var cpuBefore = ProcessLoad.of(cluster.operator()).cpu();
        cluster.database().execute(BenchDatabase.ALICE, """
                INSERT INTO worker_pool.jobs (worker_name, query_text)
                SELECT 'name ' || n, '%s' FROM generate_series(1, %d) job, generate_series(1, %d) n""".formatted(BenchDatabase.INSERT, jobs, number));
        var began = Instant.now();
        cluster.awaitAllEnded();
        double seconds = Duration.between(began, Instant.now()).toMillis() / 1000.0;
        double turns = cluster.jobsCreated().size() - jobsBefore;
        cluster.awaitEndedPods(cluster.jobsCreated().size());
        return List.of(
                new Figure(NAMES, number / seconds),
                new Figure(JOBS, number * jobs / seconds),
                new Figure(TURNS, turns),
                new Figure(REQUESTS, (cluster.requests() - requestsBefore) / turns),
                new Figure(
                        CPU,
                        ProcessLoad.of(cluster.operator())
                                        .cpu()
                                        .minus(cpuBefore)
                                        .toMillis()
                                / turns));
    }
}
