package dev.pgworkerpool.bench;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * From the commit of a submit until the operator has created the Kubernetes Job of a name that has none, one after the other, when the
 * operator has come to rest behind the end of the pod before.
 *
 * @param commits of each round
 * @param known names that have had jobs before
 */
record CommitToJobQuestion(int rounds, int commits, int known) implements Question {
    private static final long REST_MILLIS = 300;

    private static final Series ALONE_50 = Series.ours("no other names, p50", "ms");
    private static final Series ALONE_95 = Series.ours("no other names, p95", "ms");
    private static final Series BESIDE_50 = Series.ours("beside known names, p50", "ms");
    private static final Series BESIDE_95 = Series.ours("beside known names, p95", "ms");

    @Override
    public About about() {
        return new About(
                "commit-to-job",
                "From commit to Kubernetes Job",
                "Milliseconds from the commit of a submit until the API has the Kubernetes Job for its name, which had none; alone and beside %,d names"
                                .formatted(known)
                        + " that have had jobs.",
                rounds,
                List.of(
                        Aim.atMost(20, ALONE_50),
                        Aim.atMost(20, ALONE_95),
                        Aim.atMost(20, BESIDE_50),
                        Aim.atMost(20, BESIDE_95),
                        // No growth: what is less than a fifth is noise.
                        Aim.atMost(1.2, BESIDE_50, ALONE_50)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var cluster = OneNodeCluster.start(server);
        return new OneNodeTrial(
                cluster,
                1,
                List.of(() -> round(cluster, 0, ALONE_50, ALONE_95), () -> round(cluster, known, BESIDE_50, BESIDE_95)),
                List.of());
    }

    private List<Figure> round(OneNodeCluster cluster, int names, Series p50, Series p95)
            throws SQLException, InterruptedException {
        cluster.database()
                .asSuperuser("TRUNCATE worker_pool.queued_job", "DELETE FROM worker_pool.worker", """
                INSERT INTO worker_pool.worker (worker_name) SELECT 'name ' || n FROM generate_series(0, %d - 1) n""".formatted(names));
        if (names > 0) {
            cluster.database().insertJobs("done", names, names, BenchDatabase.INSERT);
        }
        cluster.database().asSuperuser("ANALYZE");
        var times = new ArrayList<Double>();
        for (int i = 0; i < commits; i++) {
            Thread.sleep(REST_MILLIS);
            times.add(millisToJob(cluster));
        }
        return List.of(new Figure(p50, Quantile.of(times, 50)), new Figure(p95, Quantile.of(times, 95)));
    }

    private static double millisToJob(OneNodeCluster cluster) throws SQLException {
        int before = cluster.jobsCreated().size();
        cluster.database().submit("alice", "cold " + before, BenchDatabase.INSERT);
        var committed = Instant.now();
        cluster.awaitEndedPods(before + 1);
        return Duration.between(committed, cluster.jobsCreated().get(before)).toNanos() / 1e6;
    }
}
