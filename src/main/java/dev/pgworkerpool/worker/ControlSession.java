package dev.pgworkerpool.worker;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * The pod's session as the operator's login: looks at the queue, holds the worker's advisory locks, keeps the evidence of what
 * runs. No job runs in it. Its methods may be called by several threads, one of which waits for the other.
 */
final class ControlSession implements AutoCloseable {
    /** SQLSTATE lock_not_available: a lock_timeout ran out. */
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private static final String WORK = "worker_pool";
    private static final String CANCEL = "worker_pool_cancel";

    private final Connections connections;
    private final String worker;
    private final Set<String> channels = new LinkedHashSet<>();
    private Connection connection;
    private boolean locksLost;

    ControlSession(Connections connections, String worker) throws SQLException, WorkerEnds {
        this.connections = connections;
        this.worker = worker;
        this.connection = connections.asOperator();
    }

    /** Opens another session if this one was lost: what has begun can still be cancelled and recorded. */
    synchronized void replaceIfLost() throws SQLException, WorkerEnds {
        if (connection.isValid(5)) {
            return;
        }
        connection.close();
        locksLost = true;
        connection = connections.asOperator();
        for (var channel : channels) {
            listen(channel);
        }
    }

    /** The session that had the locks was lost: until they are taken again, nothing may begin. */
    synchronized boolean lostLocks() {
        return locksLost;
    }

    /**
     * The first job of the queue.
     *
     * @param login the login that runs it; null if its submitter has none any more
     * @param autocommit it runs outside a transaction
     * @param timeout of an attempt; null: none
     */
    record Head(
            long id,
            String submitter,
            @Nullable String login,
            boolean autocommit,
            @Nullable Duration timeout) {}

    /** Null as well when the first job is not to run now. */
    synchronized @Nullable Head head() throws SQLException {
        try (var statement =
                        prepare("SELECT id, submitter, login, autocommit, timeout_ms FROM worker_pool.next_job(?)");
                var row = statement.executeQuery()) {
            row.next();
            var id = row.getLong("id");
            if (row.wasNull()) {
                return null;
            }
            var timeout = row.getObject("timeout_ms", Long.class);
            return new Head(
                    id,
                    row.getString("submitter"),
                    row.getString("login"),
                    row.getBoolean("autocommit"),
                    timeout == null ? null : Duration.ofMillis(timeout));
        }
    }

    synchronized void up(String pod) throws SQLException {
        run("SELECT worker_pool.worker_up(?, ?)", pod);
    }

    /** Whether there is a job or a launch request; takes the latter over. */
    synchronized boolean wanted() throws SQLException {
        return yes("SELECT worker_pool.wanted(?)");
    }

    /**
     * Commits that this job begins now. False: it must not; it was cancelled, its interruptions have ended it, or an earlier attempt
     * still runs.
     *
     * @param backend the session that will run it outside a transaction; null: it runs in one
     */
    synchronized boolean begin(long job, @Nullable Integer backend) throws SQLException {
        return yes("SELECT worker_pool.begin_job(?, ?, ?::int)", job, backend);
    }

    synchronized void notBegun() throws SQLException {
        run("SELECT worker_pool.forget_begun(?)");
    }

    /** What an autocommit job is, as its submitter's session meant it. */
    record AutocommitJob(
            String query, String searchPath, @Nullable String timeZone) {}

    synchronized AutocommitJob autocommitJob(long job) throws SQLException {
        try (var statement = connection.prepareStatement(
                "SELECT query_text, search_path, time_zone FROM worker_pool.autocommit_job(?)")) {
            statement.setLong(1, job);
            try (var row = statement.executeQuery()) {
                row.next();
                return new AutocommitJob(
                        row.getString("query_text"), row.getString("search_path"), row.getString("time_zone"));
            }
        }
    }

    /** The autocommit job is done. Each of these returns what the job is now. */
    synchronized String endDone(long job, @Nullable Long rows) throws SQLException {
        return end("SELECT worker_pool.end_attempt(?, ?, ?::bigint, NULL, NULL, false)", job, rows);
    }

    /** Its attempt failed, and left nothing that PostgreSQL would not have told of. */
    synchronized String endFailed(long job, Reason.Parts error) throws SQLException {
        return end(
                "SELECT worker_pool.end_attempt(?, ?, NULL, worker_pool.failure_text(?, ?, ?, ?), ?, false)",
                job,
                error.message(),
                error.detail(),
                error.hint(),
                error.state(),
                error.state());
    }

    /** @param unknown nobody knows what it did */
    synchronized String endTimedOut(long job, Duration timeout, boolean unknown) throws SQLException {
        return end(
                "SELECT worker_pool.end_attempt(?, ?, NULL,"
                        + " worker_pool.timeout_text(pg_catalog.make_interval(secs => ?)), '57014', ?)",
                job,
                timeout.toMillis() / 1000.0,
                unknown);
    }

    /** Nobody knows what the autocommit job did. */
    synchronized String endUnknown(long job, String what, String reason) throws SQLException {
        return end(
                "SELECT worker_pool.end_attempt(?, ?, NULL, worker_pool.unknown_outcome(?, ?), '08007', true)",
                job,
                what,
                reason);
    }

    /** Notes that this session runs a job, which is long by now. Returns its id; null: the session runs none any more. */
    synchronized @Nullable Long noteRunning(int backend, Duration elapsed) throws SQLException {
        try (var statement = prepare("SELECT worker_pool.note_running(?, ?, ?)", backend, (int) elapsed.toMillis());
                var row = statement.executeQuery()) {
            row.next();
            return row.getObject(1, Long.class);
        }
    }

    /** Whether this job, which runs, is to be cancelled. */
    synchronized boolean cancelWanted(long job) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT worker_pool.cancel_wanted(?)")) {
            statement.setLong(1, job);
            return yes(statement);
        }
    }

    synchronized void setProgress(long job, @Nullable String progress) throws SQLException {
        run("SELECT worker_pool.set_progress(?, ?, ?)", job, progress);
    }

    /**
     * Whether this worker, which has had its slot for as long as it may while others wait, has to let them have it.
     */
    synchronized boolean shouldEnd() throws SQLException {
        return yes("SELECT worker_pool.should_end(?)");
    }

    /** A session of this login was lost. */
    synchronized void interrupted(String login, String reason) throws SQLException {
        run("SELECT worker_pool.interrupted(?, ?, ?)", login, reason);
    }

    synchronized void addOutcomes(int done, int failed) throws SQLException {
        run("SELECT worker_pool.add_outcomes(?, ?, ?)", done, failed);
    }

    synchronized boolean tryAwakeLock() throws SQLException {
        locksLost = false;
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

    /** From now on {@link #awaitWakeUp} hears of work for this name. */
    synchronized void listenForWork() throws SQLException {
        listenOnce(WORK);
    }

    /** From now on {@link #heardCancel} hears of jobs that are to be cancelled. */
    synchronized void listenForCancels() throws SQLException {
        listenOnce(CANCEL);
    }

    /** Waits for a wake-up of this name, at most so long. */
    synchronized boolean awaitWakeUp(Duration patience) throws SQLException {
        return heard(WORK, worker, patience);
    }

    /** Whether there was word that this job is to be cancelled. */
    synchronized boolean heardCancel(long job) throws SQLException {
        return heard(CANCEL, Long.toString(job), Duration.ofMillis(1));
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

    private void listenOnce(String channel) throws SQLException {
        if (channels.add(channel)) {
            listen(channel);
        }
    }

    private void listen(String channel) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("LISTEN " + channel);
        }
    }

    private boolean heard(String channel, String parameter, Duration patience) throws SQLException {
        var notifications =
                connection.unwrap(PGConnection.class).getNotifications((int) Math.max(1, patience.toMillis()));
        for (var notification : notifications) {
            if (notification.getName().equals(channel)
                    && notification.getParameter().equals(parameter)) {
                return true;
            }
        }
        return false;
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

    /** Asks until the job has ended: a transaction that cancels it may take its time. */
    private String end(String sql, @Nullable Object... further) throws SQLException {
        while (true) {
            try (var statement = prepare(sql, further);
                    var row = statement.executeQuery()) {
                row.next();
                var status = row.getString(1);
                if (status != null) {
                    return status;
                }
            }
        }
    }

    private boolean yes(String sql, @Nullable Object... further) throws SQLException {
        try (var statement = prepare(sql, further)) {
            return yes(statement);
        }
    }

    private static boolean yes(PreparedStatement statement) throws SQLException {
        try (var row = statement.executeQuery()) {
            return row.next() && row.getBoolean(1);
        }
    }

    private void run(String sql, @Nullable Object... further) throws SQLException {
        try (var statement = prepare(sql, further)) {
            statement.execute();
        }
    }

    /** The first parameter is always the name of the worker. */
    private PreparedStatement prepare(String sql, @Nullable Object... further) throws SQLException {
        var statement = connection.prepareStatement(sql);
        statement.setString(1, worker);
        for (int i = 0; i < further.length; i++) {
            statement.setObject(i + 2, further[i]);
        }
        return statement;
    }
}
