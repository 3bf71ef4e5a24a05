package dev.pgworkerpool.worker;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * The pod's session as the operator's login: looks at the queue, holds the worker's advisory locks, keeps the evidence of what
 * runs. No job runs in it. Its methods may be called by several threads, one of which waits for the other.
 */
final class ControlSession implements AutoCloseable {
    /** SQLSTATE lock_not_available: a lock_timeout ran out. */
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final Connection connection;
    private final String worker;

    ControlSession(Connection connection, String worker) {
        this.connection = connection;
        this.worker = worker;
    }

    /**
     * The first job of the queue.
     *
     * @param login the login that runs it; null if its submitter has none any more
     */
    record Head(long id, String submitter, @Nullable String login) {}

    synchronized @Nullable Head head() throws SQLException {
        try (var statement = prepare("SELECT id, submitter, login FROM worker_pool.next_job(?)");
                var row = statement.executeQuery()) {
            row.next();
            var id = row.getLong("id");
            return row.wasNull() ? null : new Head(id, row.getString("submitter"), row.getString("login"));
        }
    }

    synchronized void up(String pod) throws SQLException {
        run("SELECT worker_pool.worker_up(?, ?)", pod);
    }

    /** Whether there is a job or a launch request; takes the latter over. */
    synchronized boolean wanted() throws SQLException {
        return yes("SELECT worker_pool.wanted(?)");
    }

    /** Commits that this job begins now. False: it must not, its interruptions have ended it or an earlier attempt still runs. */
    synchronized boolean begin(long job) throws SQLException {
        return yes("SELECT worker_pool.begin_job(?, ?)", job);
    }

    synchronized void notBegun() throws SQLException {
        run("SELECT worker_pool.not_begun(?)");
    }

    synchronized void noteRunning(int backend, Duration elapsed) throws SQLException {
        run("SELECT worker_pool.note_running(?, ?, ?)", backend, (int) elapsed.toMillis());
    }

    synchronized void interrupted(String reason) throws SQLException {
        run("SELECT worker_pool.interrupted(?, ?)", reason);
    }

    synchronized void addOutcomes(int done, int failed) throws SQLException {
        run("SELECT worker_pool.add_outcomes(?, ?, ?)", done, failed);
    }

    synchronized boolean tryAwakeLock() throws SQLException {
        return yes("SELECT pg_catalog.pg_try_advisory_lock(worker_pool.awake_key(?))");
    }

    /** Waits for the lock: submitters hold it for an instant, somebody who plays with it for ever. */
    synchronized boolean awaitAwakeLock(Duration patience) throws SQLException {
        return lockWithin(patience, "SELECT pg_catalog.pg_advisory_lock(worker_pool.awake_key(?))");
    }

    synchronized void releaseAwakeLock() throws SQLException {
        run("SELECT pg_catalog.pg_advisory_unlock(worker_pool.awake_key(?))");
    }

    /** Whether another worker's control session holds the awake lock. */
    synchronized boolean awakeElsewhere() throws SQLException {
        return yes("SELECT worker_pool.awake_elsewhere(?)");
    }

    /**
     * Waits until every submit has committed that may have counted on this worker being awake. False: one of them takes
     * longer than that, and is left to the operator's sweep.
     */
    synchronized boolean passBarrier(Duration patience) throws SQLException {
        if (!lockWithin(patience, "SELECT pg_catalog.pg_advisory_lock(worker_pool.barrier_key(?))")) {
            return false;
        }
        run("SELECT pg_catalog.pg_advisory_unlock(worker_pool.barrier_key(?))");
        return true;
    }

    synchronized void listen() throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("LISTEN worker_pool");
        }
    }

    /** Waits for a wake-up of this name, at most so long. */
    synchronized boolean awaitWakeUp(Duration patience) throws SQLException {
        var notifications =
                connection.unwrap(PGConnection.class).getNotifications((int) Math.max(1, patience.toMillis()));
        for (var notification : notifications) {
            if (notification.getParameter().equals(worker)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

    private boolean lockWithin(Duration patience, String sql) throws SQLException {
        setLockTimeout(patience);
        try {
            run(sql);
            return true;
        } catch (SQLException e) {
            if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
                return false;
            }
            throw e;
        } finally {
            if (!connection.isClosed()) {
                setLockTimeout(Duration.ZERO);
            }
        }
    }

    private void setLockTimeout(Duration patience) throws SQLException {
        try (var statement =
                connection.prepareStatement("SELECT pg_catalog.set_config('lock_timeout', ?::text, false)")) {
            statement.setLong(1, patience.toMillis());
            statement.execute();
        }
    }

    private boolean yes(String sql, Object... further) throws SQLException {
        try (PreparedStatement statement = prepare(sql, further);
                ResultSet row = statement.executeQuery()) {
            return row.next() && row.getBoolean(1);
        }
    }

    private void run(String sql, Object... further) throws SQLException {
        try (var statement = prepare(sql, further)) {
            statement.execute();
        }
    }

    /** The first parameter is always the name of the worker. */
    private PreparedStatement prepare(String sql, Object... further) throws SQLException {
        var statement = connection.prepareStatement(sql);
        statement.setString(1, worker);
        for (int i = 0; i < further.length; i++) {
            statement.setObject(i + 2, further[i]);
        }
        return statement;
    }
}
