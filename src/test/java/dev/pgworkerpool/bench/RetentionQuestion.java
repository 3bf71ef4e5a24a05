package dev.pgworkerpool.bench;

import java.util.List;

/**
 * A drain while old rows are deleted, against one that is alone.
 *
 * @param old rows that are to be deleted
 */
record RetentionQuestion(int rounds, int old, int jobs) implements Question {
    private static final Series ALONE = Series.limit("drain alone", "jobs/s");
    private static final Series BESIDE = Series.ours("drain beside the deletion", "jobs/s");
    private static final Series DELETED = Series.ours("deleted meanwhile", "rows/s");

    private static final List<String> NAMES = BenchDatabase.names(1);

    @Override
    public About about() {
        return new About(
                "retention",
                "Drain while old rows are deleted",
                "Jobs a second of one worker, durable, while %,d old rows are deleted without a rest, against those without that."
                        .formatted(old),
                rounds,
                List.of(Aim.atLeast(0.95, BESIDE, ALONE)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, Durability.DURABLE);
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(Contender.of(ALONE, this::alone), this::beside);
            }

            private double alone() throws Exception {
                fill();
                return new Backlog(database, database.address(), NAMES, jobs).drain();
            }

            private List<Figure> beside() throws Exception {
                fill();
                long before = database.lastId();
                database.queueJobs(NAMES, jobs);
                try (var workers = Workers.start(database, NAMES, database.address())) {
                    var pruning = Pruning.beside(workers::drain, database);
                    database.requireEffects(jobs);
                    return List.of(new Figure(BESIDE, drainRate(before, pruning)), new Figure(DELETED, pruning.rate()));
                }
            }

            private void fill() throws Exception {
                database.empty();
                database.queue().insertJobs("done", 1, old, BenchDatabase.INSERT);
                database.queue().asSuperuser("VACUUM ANALYZE worker_pool.queued_job");
            }

            /** As long as there was something to delete. */
            private double drainRate(long afterId, Pruning pruning) throws Exception {
                return database.ask("""
                        SELECT (count(*) - 1) / extract(epoch FROM max(finished_at) - min(finished_at))
                        FROM worker_pool.queued_job
                        WHERE id > ? AND finished_at BETWEEN to_timestamp(?) AND to_timestamp(?)""", afterId, pruning.begunAt(), pruning.endedAt());
            }

            @Override
            public void close() throws Exception {
                database.close();
            }
        };
    }
}
