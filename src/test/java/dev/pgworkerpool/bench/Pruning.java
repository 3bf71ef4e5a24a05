package dev.pgworkerpool.bench;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Old rows that were deleted as the operator does it: some batches, and a rest.
 *
 * @param begunAt by the clock of the database, in seconds
 * @param endedAt the same
 */
record Pruning(long rows, double begunAt, double endedAt) {
    /** These three are also those of the operator. */
    private static final int BATCH = 2500;

    private static final int AT_ONCE = 3 * BATCH;
    private static final int REST_SECONDS = 1;

    private static final String PRUNE = "SELECT worker_pool.prune('7 days', '30 days', '{}', %d)".formatted(BATCH);

    interface Work {
        void run() throws Exception;
    }

    /** Until the work is done, or no old row is left. */
    static Pruning beside(Work work, BenchDatabase database) throws Exception {
        var done = new CountDownLatch(1);
        try (var connection = database.as(QueueDatabase.OPERATOR);
                var thread = Executors.newSingleThreadExecutor()) {
            var pruning = thread.submit(() -> run(connection, done));
            try {
                work.run();
            } finally {
                done.countDown();
            }
            return pruning.get();
        }
    }

    double rate() {
        return rows / (endedAt - begunAt);
    }

    private static Pruning run(Connection connection, CountDownLatch done) throws SQLException, InterruptedException {
        double begunAt = clock(connection);
        long rows = 0;
        long batch = BATCH;
        boolean over = false;
        while (batch == BATCH && !over) {
            batch = Long.parseLong(QueueDatabase.ask(connection, PRUNE).getFirst());
            rows += batch;
            over = done.await(rows % AT_ONCE == 0 ? REST_SECONDS : 0, TimeUnit.SECONDS);
        }
        return new Pruning(rows, begunAt, clock(connection));
    }

    private static double clock(Connection connection) throws SQLException {
        return Double.parseDouble(QueueDatabase.ask(connection, "SELECT extract(epoch FROM clock_timestamp())")
                .getFirst());
    }
}
