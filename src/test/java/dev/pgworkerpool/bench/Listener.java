package dev.pgworkerpool.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.postgresql.PGConnection;

/** A session that listens. */
final class Listener implements AutoCloseable {
    private final Connection connection;

    Listener(Connection connection, List<String> channels) throws SQLException {
        this.connection = connection;
        try (var statement = connection.createStatement()) {
            for (var channel : channels) {
                statement.execute("LISTEN " + channel);
            }
        }
    }

    /** How many notifications have come; 0: none for so long. */
    int await(Duration patience) throws SQLException {
        return connection.unwrap(PGConnection.class).getNotifications((int) patience.toMillis()).length;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
