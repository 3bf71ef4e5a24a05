package dev.pgworkerpool.bench;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * To submitters, workers of these names are awake: it holds the locks that tell so, as the control session of a worker does. Real
 * workers would take the machine's time for their jobs, which is not what is measured.
 */
final class AwakeNames implements AutoCloseable {
    private final Connection session;

    AwakeNames(BenchDatabase database, List<String> names) throws SQLException {
        session = database.as(QueueDatabase.OPERATOR);
        try (var lock = session.prepareStatement("SELECT pg_advisory_lock(worker_pool.awake_key(?))")) {
            for (var name : names) {
                lock.setString(1, name);
                lock.execute();
            }
        }
    }

    @Override
    public void close() throws SQLException {
        session.close();
    }
}
