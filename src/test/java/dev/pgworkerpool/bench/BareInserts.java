package dev.pgworkerpool.bench;

import java.sql.Connection;
import java.sql.SQLException;

/** The limit: what a job does, by prepared statements that commit one by one, with no queue at all. */
record BareInserts(BenchDatabase database, Address address, int connections, int each) {

    /** Rows a second. */
    double rate() throws Exception {
        database.empty();
        try (var sessions = Sessions.open(connections, () -> database.as(BenchDatabase.ALICE, address))) {
            return connections * each / sessions.seconds((connection, session) -> insert(connection));
        }
    }

    private void insert(Connection connection) throws SQLException {
        try (var insert = connection.prepareStatement(BenchDatabase.INSERT)) {
            for (int i = 0; i < each; i++) {
                insert.execute();
            }
        }
    }
}
