package dev.pgworkerpool.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * Sessions that queue, each call in a transaction of its own.
 *
 * @param call with two parameters, the name of a worker and a query
 * @param names that take turns
 */
record Submits(BenchDatabase database, String call, int sessions, int each, List<String> names) {
    static final String SUBMIT = "CALL worker_pool.submit(?, ?)";
    static final String PLAIN = "INSERT INTO public.plain (worker_name, query_text) VALUES (?, ?)";

    /** Into the plain table, with a notification each time. */
    static final String PLAIN_AND_NOTIFY = """
            WITH queued AS (INSERT INTO public.plain (worker_name, query_text) VALUES (?, ?) RETURNING worker_name)
            SELECT pg_notify('bench', worker_name) FROM queued""";

    /** Calls a second, of all sessions. */
    double rate() throws Exception {
        database.empty();
        try (var connections = Sessions.open(sessions, () -> database.as(BenchDatabase.ALICE))) {
            return sessions * each / connections.seconds(this::submit);
        }
    }

    private void submit(Connection connection, int session) throws SQLException {
        try (var submit = connection.prepareStatement(call)) {
            for (int i = 0; i < each; i++) {
                submit.setString(1, names.get((session + i) % names.size()));
                submit.setString(2, BenchDatabase.INSERT);
                submit.execute();
            }
        }
    }
}
