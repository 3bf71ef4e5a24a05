package dev.pgworkerpool.worker;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.core.Parser;
import org.postgresql.util.PSQLState;

/** A session that is logged in as a submitter (or its companion), in which that submitter's jobs run. */
final class SubmitterSession implements AutoCloseable {
    /** What pgjdbc says of a statement that returns rows where none were asked for: it ran all the same. */
    private static final String ROWS_LEFT_OUT = PSQLState.TOO_MANY_RESULTS.getState();

    private static final String SYNTAX_ERROR = PSQLState.SYNTAX_ERROR.getState();

    private static final int TRIES_TO_LIFT = 10;

    /** What runs jobs without a pause is not asked each time whether it is there. */
    private static final Duration IDLE = Duration.ofSeconds(1);

    private final Connection connection;
    private final String worker;
    private final String login;
    private long usedAt = System.nanoTime();

    SubmitterSession(Connection connection, String worker, String login) {
        this.connection = connection;
        this.worker = worker;
        this.login = login;
    }

    /** The role that it is logged in as. */
    String login() {
        return login;
    }

    /**
     * What one call of {@code worker_pool.drain} did.
     *
     * @param afterId all jobs up to this id had ended a moment ago, 0 if unknown
     * @param report one line for each attempt that ended
     * @param done how many jobs ended so
     * @param failed how many jobs ended so
     * @param more it stopped at its bounds, so the next job is probably the same submitter's
     */
    record Drained(long afterId, List<String> report, int done, int failed, boolean more) {}

    String currentUser() throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT current_user")) {
            row.next();
            return row.getString(1);
        }
    }

    Drained drain(int maxJobs, int maxMillis, @Nullable Long onlyId, long afterId) throws SQLException {
        try (var call = connection.prepareStatement("CALL worker_pool.drain(?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)")) {
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

    private Drained drained(PreparedStatement call) throws SQLException {
        try (var row = call.executeQuery()) {
            usedAt = System.nanoTime();
            row.next();
            var report = (String[]) row.getArray("report").getArray();
            return new Drained(
                    row.getLong("after_id"),
                    List.of(report),
                    row.getInt("done"),
                    row.getInt("failed"),
                    row.getBoolean("more"));
        }
    }

    /** A limit of a millisecond may strike the statement that lifts it. */
    void lift() throws SQLException {
        for (int tries = 1; ; tries++) {
            try {
                limit(Duration.ZERO);
                return;
            } catch (SQLException e) {
                if (tries == TRIES_TO_LIFT || !CallWatch.QUERY_CANCELED.equals(e.getSQLState())) {
                    throw e;
                }
            }
        }
    }

    /** Limits each further call; zero: no limit. Until the hygiene behind a job takes it back. */
    void limit(Duration timeout) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("SET statement_timeout = " + timeout.toMillis());
        }
    }

    /**
     * Runs one statement at top level, outside a transaction. Its session is not fit for another job afterwards.
     *
     * @param timeout zero: none
     * @return the rows that it touched; null where PostgreSQL doesn't say
     */
    @Nullable
    Long runOutsideTransaction(long id, ControlSession.AutocommitJob job, Duration timeout) throws SQLException {
        if (Parser.parseJdbcSql(job.query(), true, false, true, false, false).size() > 1) {
            throw new SQLException("autocommit takes one statement: queue a job for each", SYNTAX_ERROR);
        }
        try (var settings = connection.prepareStatement("""
                SELECT pg_catalog.set_config('application_name', ?, false),
                       pg_catalog.set_config('search_path', ?, false),
                       pg_catalog.set_config('TimeZone', coalesce(?, pg_catalog.current_setting('TimeZone')), false),
                       pg_catalog.set_config('statement_timeout', ?, false)""")) {
            settings.setString(1, "worker_pool job " + id);
            settings.setString(2, job.searchPath());
            settings.setString(3, job.timeZone());
            settings.setString(4, Long.toString(timeout.toMillis()));
            settings.execute();
        }
        try (var statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            // Rows that it returns are read and forgotten.
            var rows = statement.executeLargeUpdate(job.query());
            return rows < 0 ? null : rows;
        } catch (SQLException e) {
            if (ROWS_LEFT_OUT.equals(e.getSQLState()) && Reason.serverMessage(e) == null) {
                return null;
            }
            throw e;
        }
    }

    int backend() throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    /** Whether it was ended while nothing ran in it: by an administrator, or something between here and the server. */
    boolean isLostWhenIdle() throws SQLException {
        return System.nanoTime() - usedAt > IDLE.toNanos() && !isAlive();
    }

    /** Whether the session is there, after an error. */
    boolean isAlive() throws SQLException {
        return connection.isValid(5);
    }

    /** Asks the server, by another connection, to cancel what this session does; returns when the session was told. */
    void cancel() throws SQLException {
        connection.unwrap(PGConnection.class).cancelQuery();
    }

    /** A companion login acts as its submitter, which may neither end the companion's sessions nor see what they do. */
    void actAsLogin() throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("SET ROLE NONE");
        }
    }

    /** How far the statement of the session with this process id is; null where PostgreSQL doesn't say. See {@link #actAsLogin}. */
    @Nullable
    String progressOf(int backend) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT worker_pool.progress_of(?)")) {
            statement.setInt(1, backend);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    /** Ends the session with this process id, which belongs to the same login as this one. See {@link #actAsLogin}. */
    void terminate(int backend) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT pg_catalog.pg_terminate_backend(?)")) {
            statement.setInt(1, backend);
            statement.execute();
        }
    }

    /** Cuts the connection under a call that waits for its answer in another thread. */
    void abort() throws SQLException {
        connection.abort(Runnable::run);
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
