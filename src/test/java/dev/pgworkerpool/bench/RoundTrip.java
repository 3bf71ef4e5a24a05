package dev.pgworkerpool.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;

/** How long a question takes that the server answers at once. */
final class RoundTrip {
    private static final int TRIES = 400;
    private static final int WARM_UP = 200;

    private RoundTrip() {}

    /** The median in milliseconds. */
    static double millis(Connection connection) throws SQLException {
        var times = new ArrayList<Double>();
        try (var statement = connection.prepareStatement("SELECT 1")) {
            for (int i = 0; i < WARM_UP + TRIES; i++) {
                long begunAt = System.nanoTime();
                statement.executeQuery().close();
                if (i >= WARM_UP) {
                    times.add((System.nanoTime() - begunAt) / 1e6);
                }
            }
        }
        return Spread.of(times).median();
    }
}
