package dev.pgworkerpool.bench;

import java.util.List;

/**
 * The drain of one of many names beside all that was done before and all that waits besides, against the same on an empty table.
 *
 * @param history finished jobs, of which a thousandth is of the drained name
 * @param waiting jobs of other names
 * @param jobs that are drained
 */
record HistoryQuestion(int rounds, int history, int waiting, int jobs) implements Question {
    private static final int NAMES = 1000;
    private static final Series EMPTY = Series.limit("empty table", "jobs/s");
    private static final Series FULL = Series.ours("beside the history", "jobs/s");
    /** One of those that the history has, but nothing of it waits. */
    private static final List<String> NAME = List.of(BenchDatabase.name(NAMES));

    @Override
    public About about() {
        return new About(
                "history",
                "Drain beside a long history",
                "Jobs a second of one worker beside %,d finished and %,d waiting jobs of %,d names, against those on an empty table."
                        .formatted(history, waiting, NAMES),
                rounds,
                List.of(Aim.atLeast(0.85, FULL, EMPTY)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var empty = BenchDatabase.on(server, Durability.DURABLE);
        var full = BenchDatabase.on(server, Durability.DURABLE);
        full.queue().insertJobs("done", NAMES, history, BenchDatabase.INSERT);
        full.queue().insertJobs("waiting", NAMES - 1, waiting, BenchDatabase.INSERT);
        full.queue().asSuperuser("VACUUM ANALYZE worker_pool.queued_job");
        var workersOfEmpty = Workers.start(empty, NAME, empty.address());
        var workersOfFull = Workers.start(full, NAME, full.address());
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(
                        Contender.of(EMPTY, this::drainEmpty), Contender.of(FULL, () -> workersOfFull.drain(jobs)));
            }

            private double drainEmpty() throws Exception {
                empty.empty();
                return workersOfEmpty.drain(jobs);
            }

            @Override
            public void close() throws Exception {
                workersOfFull.close();
                workersOfEmpty.close();
                full.close();
                empty.close();
            }
        };
    }
}
