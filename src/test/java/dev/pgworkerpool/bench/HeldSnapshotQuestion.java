package dev.pgworkerpool.bench;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.SQLException;
import java.util.List;

/**
 * A session that looks at its snapshot all the while, so that no dead entry of an index can be taken away: does the drain get slower?
 *
 * @param jobs in all, of which the rate of two tenths at the beginning is compared with that at the end
 */
record HeldSnapshotQuestion(int rounds, int jobs) implements Question {
    private static final Series START = Series.limit("at the start", "jobs/s");
    private static final Series END = Series.ours("at the end", "jobs/s");

    @Override
    public About about() {
        return new About(
                "held-snapshot",
                "Drain under a snapshot that is held",
                "Jobs a second of one worker at the start and at the end of %,d jobs, while a REPEATABLE READ transaction is open."
                        .formatted(jobs),
                rounds,
                List.of(Aim.atLeast(0.8, END, START)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, Durability.DURABLE);
        var workers = Workers.start(database, BenchDatabase.names(1), database.address());
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(() -> round(database, workers));
            }

            @Override
            public void close() throws Exception {
                workers.close();
                database.close();
            }
        };
    }

    private List<Figure> round(BenchDatabase database, Workers workers) throws Exception {
        database.empty();
        try (var holder = database.as(BenchDatabase.ALICE)) {
            QueueDatabase.execute(
                    holder, "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM worker_pool.jobs");
            workers.drain(jobs);
        }
        int part = jobs / 5;
        // What is first may open a session and plan its statements.
        return List.of(
                new Figure(START, rate(database, part / 2, part)), new Figure(END, rate(database, jobs - part, part)));
    }

    /** Of so many jobs behind the first ones. */
    private static double rate(BenchDatabase database, int behind, int jobs) throws SQLException {
        return database.ask("""
                SELECT (count(*) - 1) / extract(epoch FROM max(finished_at) - min(finished_at))
                FROM (SELECT j.finished_at FROM worker_pool.queued_job j ORDER BY j.id OFFSET ? LIMIT ?) part""", behind, jobs);
    }
}
