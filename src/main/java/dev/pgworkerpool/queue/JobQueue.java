package dev.pgworkerpool.queue;

import dev.pgworkerpool.schedule.Demand;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The operator's calls of schema {@code worker_pool}, one method a function. All may be repeated at any time.
 *
 * <p>Safe for use by several threads. Every method throws {@link DatabaseProblem}.
 */
public final class JobQueue {
    private final DataSource database;

    JobQueue(DataSource database) {
        this.database = database;
    }

    /** Takes or renews the lease on this queue, which lasts for 60 s. Empty: it is ours; else the pool that has it. */
    public Optional<String> acquire(String poolUid, String poolIdent, boolean suspended) {
        return one(
                "SELECT worker_pool.acquire(?, ?, ?)",
                call -> {
                    call.setString(1, poolUid);
                    call.setString(2, poolIdent);
                    call.setBoolean(3, suspended);
                },
                row -> Optional.ofNullable(row.getString(1)));
    }

    /** Tells this queue from that of another database. It has one as soon as it was acquired for the first time. */
    public String uid() {
        return one("SELECT queue_uid FROM worker_pool.pool", call -> {}, row -> row.getString(1));
    }

    /** Gives the lease back. */
    public void release(String poolUid) {
        one("SELECT worker_pool.release(?)", call -> call.setString(1, poolUid), row -> true);
    }

    /** Replaces the list of who may queue. Returns the pairs that can't be, in words. */
    public List<String> setLogins(List<RoleLogin> logins) {
        return one(
                "SELECT worker_pool.set_logins(?, ?)",
                call -> {
                    call.setArray(1, texts(call, logins.stream().map(RoleLogin::role)));
                    call.setArray(2, texts(call, logins.stream().map(RoleLogin::login)));
                },
                row -> List.of((String[]) row.getArray(1).getArray()));
    }

    /** Brings into their names' order what was to run at a time that has come. Returns how long it is until the next one is due. */
    public Optional<Duration> admitDue() {
        return one("SELECT worker_pool.admit_due() AS next_ms", call -> {}, row -> millis(row, "next_ms"));
    }

    /** Names that have something to do, longest-waiting head first. */
    public List<Demand> demand() {
        return all(
                "SELECT worker_name, turn, head_id, submitter, waiting_since, held_ms, has_login FROM worker_pool.demand()",
                call -> {},
                row -> new Demand(
                        row.getString("worker_name"),
                        row.getInt("turn"),
                        row.getObject("head_id", Long.class),
                        row.getString("submitter"),
                        instant(row, "waiting_since").orElseThrow(),
                        millis(row, "held_ms").filter(Duration::isPositive).orElse(null),
                        row.getBoolean("has_login")));
    }

    /** This turn's Kubernetes Job exists: it holds a slot. */
    public void turnStarted(String worker, int turn, String jobName) {
        one(
                "SELECT worker_pool.turn_started(?, ?, ?)",
                call -> {
                    call.setString(1, worker);
                    call.setInt(2, turn);
                    call.setString(3, jobName);
                },
                row -> true);
    }

    /**
     * This turn's Kubernetes Job and its pod have ended.
     *
     * @param failure a short reason for people; null when it ended well
     * @return how long the name may not start again, if it is in back-off
     */
    public Optional<Duration> turnEnded(String worker, int turn, @Nullable String failure) {
        return one(
                "SELECT worker_pool.turn_ended(?, ?, ?) AS held_ms",
                call -> {
                    call.setString(1, worker);
                    call.setInt(2, turn);
                    call.setString(3, failure);
                },
                row -> millis(row, "held_ms"));
    }

    public List<OpenTurn> openTurns() {
        return all(
                "SELECT worker_name, turn, job_name FROM worker_pool.open_turns()",
                call -> {},
                row -> new OpenTurn(row.getString("worker_name"), row.getInt("turn"), row.getString("job_name")));
    }

    public QueueStatistics statistics() {
        return one(
                "SELECT waiting_jobs, oldest_waiting_since, done, failed FROM worker_pool.statistics()",
                call -> {},
                row -> new QueueStatistics(
                        row.getLong("waiting_jobs"),
                        instant(row, "oldest_waiting_since").orElse(null),
                        row.getLong("done"),
                        row.getLong("failed")));
    }

    /**
     * Deletes one batch of ended jobs that are older than they need be. Returns how many.
     *
     * @param unended uids of WorkerJobs whose rows stay
     */
    public long prune(Duration keepDone, Duration keepFailed, Set<UUID> unended, int atMost) {
        return one(
                "SELECT worker_pool.prune(make_interval(secs => ?), make_interval(secs => ?), ?, ?)",
                call -> {
                    call.setDouble(1, keepDone.toSeconds());
                    call.setDouble(2, keepFailed.toSeconds());
                    call.setArray(3, call.getConnection().createArrayOf("uuid", unended.toArray()));
                    call.setInt(4, atMost);
                },
                row -> row.getLong(1));
    }

    /**
     * Queues a WorkerJob's statements once, however often it is called. Returns their ids in order.
     *
     * @throws DatabaseProblem kind NOT_ALLOWED when the role has no login in this pool
     */
    public List<Long> enqueue(WorkerJobRequest job) {
        return one(
                """
                SELECT worker_pool.enqueue_workerjob(
                    ?, ?, ?, ?, ?, ?, ?, make_interval(secs => ?), ?, make_interval(secs => ?), ?)""",
                call -> {
                    call.setObject(1, job.uid());
                    call.setString(2, job.origin());
                    call.setString(3, job.worker());
                    call.setArray(4, texts(call, job.statements().stream()));
                    call.setString(5, job.role());
                    JobOptions options = job.options();
                    call.setString(6, options.onFailure());
                    call.setBoolean(7, options.autocommit());
                    call.setObject(8, options.timeout() == null ? null : seconds(options.timeout()), Types.DOUBLE);
                    call.setInt(9, options.maxAttempts());
                    call.setDouble(10, seconds(options.retryDelay()));
                    call.setObject(
                            11, options.runAt() == null ? null : options.runAt().atOffset(ZoneOffset.UTC));
                },
                row -> List.of((Long[]) row.getArray(1).getArray()));
    }

    /** How a WorkerJob's statements stand, in their order. Empty when it was never queued, or its rows are gone. */
    public List<QueuedStatement> workerJob(UUID uid) {
        return all(
                "SELECT ordinal, id, status, position, reason, submitted_at, started_at, finished_at,"
                        + " attempts, error, sqlstate, progress FROM worker_pool.workerjob(?)",
                call -> call.setObject(1, uid),
                row -> new QueuedStatement(
                        row.getInt("ordinal"),
                        row.getLong("id"),
                        row.getString("status"),
                        row.getObject("position", Long.class),
                        row.getString("reason"),
                        instant(row, "submitted_at").orElseThrow(),
                        instant(row, "started_at").orElse(null),
                        instant(row, "finished_at").orElse(null),
                        row.getInt("attempts"),
                        row.getString("error"),
                        row.getString("sqlstate"),
                        row.getString("progress")));
    }

    /** Cancels what waits of a WorkerJob, and what runs. */
    public Cancellation cancelWorkerJob(UUID uid) {
        return one(
                "SELECT * FROM worker_pool.cancel_workerjob(?)",
                call -> call.setObject(1, uid),
                row -> new Cancellation(row.getInt("cancelled"), row.getInt("left_over")));
    }

    /** WorkerJobs some of whose statements wait. */
    public List<WaitingWorkerJob> waitingWorkerJobs() {
        return all(
                "SELECT uid, origin FROM worker_pool.waiting_workerjobs()",
                call -> {},
                row -> new WaitingWorkerJob(row.getObject("uid", UUID.class), row.getString("origin")));
    }

    /** Whether the link to the database is encrypted. */
    public boolean encrypted() {
        return one(
                "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()",
                call -> {},
                row -> row.getBoolean(1));
    }

    private interface Parameters {
        void on(PreparedStatement call) throws SQLException;
    }

    private interface Mapper<T> {
        T map(ResultSet row) throws SQLException;
    }

    private <T> T one(String sql, Parameters parameters, Mapper<T> mapper) {
        return all(sql, parameters, mapper).getFirst();
    }

    private <T> List<T> all(String sql, Parameters parameters, Mapper<T> mapper) {
        try (Connection connection = database.getConnection();
                PreparedStatement call = connection.prepareStatement(sql)) {
            parameters.on(call);
            try (ResultSet row = call.executeQuery()) {
                List<T> rows = new ArrayList<>();
                while (row.next()) {
                    rows.add(mapper.map(row));
                }
                return rows;
            }
        } catch (SQLException e) {
            throw DatabaseProblem.of(e);
        }
    }

    private static Array texts(PreparedStatement call, Stream<String> texts) throws SQLException {
        return call.getConnection().createArrayOf("text", texts.toArray());
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    private static Optional<Duration> millis(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getObject(column, Long.class)).map(Duration::ofMillis);
    }

    private static Optional<Instant> instant(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getObject(column, OffsetDateTime.class)).map(OffsetDateTime::toInstant);
    }
}
