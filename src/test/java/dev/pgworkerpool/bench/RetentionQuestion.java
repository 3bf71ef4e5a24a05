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

    @Override
    public About about() {
        return new About(
                "retention",
                "Drain while old rows are deleted",
                "Jobs a second of one worker, durable, while the operator deletes %,d old rows, against those without that."
                        .formatted(old),
                rounds,
                List.of(Aim.atLeast(0.95, BESIDE, ALONE)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, Durability.DURABLE);
        var workers = Workers.start(database, BenchDatabase.names(1), database.address());
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(Contender.of(ALONE, this::alone), this::beside);
            }

            private double alone() throws Exception {
                database.empty();
                database.queue().insertJobs("done", 1, old, BenchDatabase.INSERT);
                database.queue().asSuperuser("VACUUM ANALYZE worker_pool.queued_job");
                return workers.drain(jobs);
            }

            /** The old rows are still there. */
            private List<Figure> beside() throws Exception {
                workers.queue(jobs);
                var pruning = Pruning.beside(workers::drain, database);
                return List.of(
                        new Figure(BESIDE, workers.rate(pruning.begunAt(), pruning.endedAt())),
                        new Figure(DELETED, pruning.rate()));
            }

            @Override
            public void close() throws Exception {
                workers.close();
                database.close();
            }
        };
    }
}
