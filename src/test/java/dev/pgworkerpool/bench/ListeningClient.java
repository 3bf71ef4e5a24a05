package dev.pgworkerpool.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** The least that a worker could be: it listens, and inserts a row each time. */
final class ListeningClient implements AutoCloseable {
    static final String CHANNEL = "bench";

    private static final Duration LOOK_UP = Duration.ofMillis(500);

    private final Connection connection;
    private final Listener listener;
    private final Thread thread;
    private volatile boolean closed;

    ListeningClient(BenchDatabase database) throws SQLException {
        connection = database.as(BenchDatabase.ALICE);
        listener = new Listener(connection, List.of(CHANNEL));
        thread = Thread.ofPlatform().daemon().name("client").start(this::listen);
    }

    @Override
    public void close() throws SQLException, InterruptedException {
        closed = true;
        thread.join();
        listener.close();
    }

    private void listen() {
        try (var insert = connection.prepareStatement(BenchDatabase.INSERT)) {
            while (!closed) {
                if (listener.await(LOOK_UP) > 0) {
                    insert.execute();
                }
            }
        } catch (SQLException e) {
            throw new IllegalStateException("the client is gone", e);
        }
    }
}
