package dev.pgworkerpool.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;

/** Sessions that do the same thing at the same time, each in a thread of its own. */
final class Sessions implements AutoCloseable {
    private final List<Connection> connections = new ArrayList<>();

    interface Opening {
        Connection open() throws SQLException;
    }

    interface Work {
        void in(Connection connection, int session) throws SQLException;
    }

    static Sessions open(int number, Opening opening) throws SQLException {
        var sessions = new Sessions();
        for (int i = 0; i < number; i++) {
            sessions.connections.add(opening.open());
        }
        return sessions;
    }

    /** How many seconds it takes until the last of them is done, from the moment at which all begin. */
    double seconds(Work work) throws Exception {
        var begunAt = new long[1];
        var all = new CyclicBarrier(connections.size(), () -> begunAt[0] = System.nanoTime());
        var parts = new ArrayList<Callable<Void>>();
        for (int i = 0; i < connections.size(); i++) {
            int session = i;
            parts.add(() -> {
                all.await();
                work.in(connections.get(session), session);
                return null;
            });
        }
        try (var threads = Executors.newFixedThreadPool(connections.size())) {
            for (var part : threads.invokeAll(parts)) {
                part.get();
            }
        }
        return (System.nanoTime() - begunAt[0]) / 1e9;
    }

    @Override
    public void close() throws SQLException {
        for (var connection : connections) {
            connection.close();
        }
    }
}
