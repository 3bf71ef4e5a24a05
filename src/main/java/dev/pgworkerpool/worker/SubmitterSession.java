package dev.pgworkerpool.worker;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** A session that is logged in as a submitter (or its companion), in which that submitter's jobs run. */
final class SubmitterSession implements AutoCloseable {
    private final Connection connection;
    private final String worker;

    SubmitterSession(Connection connection, String worker) {
        this.connection = connection;
        this.worker = worker;
    }

    /**
     * What one call of {@code worker_pool.drain} did.
     *
     * @param afterId all jobs up to this id have ended, 0 if unknown
     * @param report one line for each job that ended
     * @param failures how many of them failed
     * @param more it stopped at its bounds, so the next job is probably the same submitter's
     */
    record Drained(long afterId, List<String> report, int failures, boolean more) {}

    String currentUser() throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT current_user")) {
            row.next();
            return row.getString(1);
        }
    }

    Drained drain(int maxJobs, int maxMillis, @Nullable Long onlyId, long afterId) throws SQLException {
        try (var call = connection.prepareStatement("CALL worker_pool.drain(?, ?, ?, ?, ?, NULL, NULL, NULL)")) {
            call.setString(1, worker);
            call.setInt(2, maxJobs);
            call.setInt(3, maxMillis);
            if (onlyId == null) {
                call.setNull(4, Types.BIGINT);
            } else {
                call.setLong(4, onlyId);
            }
            call.setLong(5, afterId);
            return drained(call);
        }
    }

    private static Drained drained(PreparedStatement call) throws SQLException {
        try (var row = call.executeQuery()) {
            row.next();
            var report = (String[]) row.getArray("report").getArray();
            return new Drained(
                    row.getLong("after_id"), List.of(report), row.getInt("failures"), row.getBoolean("more"));
        }
    }

    /** Records an error that struck outside the job's own sub-transaction (at its COMMIT, say): nothing of the job stayed. */
    void fail(long job, SQLException error) throws SQLException {
        var message = Reason.serverMessage(error);
        try (var statement =
                connection.prepareStatement("SELECT worker_pool.finish(?, 'failed', pg_catalog.clock_timestamp(),"
                        + " NULL, worker_pool.failure_text(?, ?, ?, ?), ?)")) {
            statement.setLong(1, job);
            statement.setString(2, message == null ? error.getMessage() : message.getMessage());
            statement.setString(3, message == null ? null : message.getDetail());
            statement.setString(4, message == null ? null : message.getHint());
            statement.setString(5, error.getSQLState());
            statement.setString(6, error.getSQLState());
            statement.execute();
        }
    }

    int backend() throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    /** Whether the session is there, after an error. */
    boolean isAlive() throws SQLException {
        return connection.isValid(5);
    }

    /** Ends the session with this process id, which belongs to the same login as this one. */
    void terminate(int backend) throws SQLException {
        try (var statement = connection.createStatement()) {
            // A companion login acts as its submitter, which may not end the companion's sessions.
            statement.execute("SET ROLE NONE");
        }
        try (var statement = connection.prepareStatement("SELECT pg_catalog.pg_terminate_backend(?)")) {
            statement.setInt(1, backend);
            statement.execute();
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
