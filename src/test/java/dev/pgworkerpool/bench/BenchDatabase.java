package dev.pgworkerpool.bench;

import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.stream.IntStream;

/**
 * A database with the queue, a table {@code public.effect} that jobs write to, and {@code public.plain}, which is like the table of the
 * queue, its indexes included, but for the triggers. The roles are those of {@link QueueDatabase}:
 * {@code alice} queues, and her jobs run.
 */
final class BenchDatabase implements AutoCloseable {
    static final String ALICE = "alice";

    /** What a job does, what a bare session does, and what the peers do. */
    static final String INSERT = "INSERT INTO public.effect (v) VALUES (1)";

    private static final String RUNS_A_JOB =
            "datname = current_database() AND application_name LIKE 'worker_pool job %'";

    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final Duration GLANCE = Duration.ofMillis(50);

    private final QueueDatabase database;

    private BenchDatabase(QueueDatabase database) {
        this.database = database;
    }

    static BenchDatabase on(BenchServer server, Durability durability) throws SQLException {
        var database = QueueDatabase.on(server.postgres());
        database.asSuperuser(
                "ALTER DATABASE %s SET synchronous_commit = %s"
                        .formatted(database.name(), durability.synchronousCommit()),
                """
                CREATE TABLE public.effect (v int);
                CREATE TABLE public.plain (LIKE worker_pool.queued_job INCLUDING ALL) WITH (fillfactor = 90);
                ALTER TABLE public.plain
                    ALTER submitter SET DEFAULT to_regrole('alice'),
                    ALTER search_path SET DEFAULT '"$user", public',
                    ALTER time_zone SET DEFAULT 'UTC';
                GRANT ALL ON public.effect, public.plain TO PUBLIC""");
        return new BenchDatabase(database);
    }

    QueueDatabase queue() {
        return database;
    }

    String name() {
        return database.name();
    }

    Address address() {
        return new Address(database.server().host(), database.server().port());
    }

    Connection as(String role) throws SQLException {
        return database.as(role);
    }

    /** The same over a link. */
    Connection as(String role, Address address) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", role);
        properties.setProperty("password", QueueDatabase.PASSWORD);
        return DriverManager.getConnection(
                "jdbc:postgresql://%s:%d/%s".formatted(address.host(), address.port(), name()), properties);
    }

    /** The name of the worker with this number. */
    static String name(int number) {
        return "name " + number;
    }

    static List<String> names(int number) {
        return IntStream.rangeClosed(1, number).mapToObj(BenchDatabase::name).toList();
    }

    /** No jobs and no rows, and that on the disk. One table after the other: workers that are up look at several of them at once. */
    void empty() throws SQLException {
        database.asSuperuser(
                "TRUNCATE worker_pool.queued_job",
                "TRUNCATE worker_pool.launch_request",
                "TRUNCATE public.effect",
                "TRUNCATE public.plain",
                "CHECKPOINT");
    }

    void emptyEffects() throws SQLException {
        database.asSuperuser("TRUNCATE public.effect", "CHECKPOINT");
    }

    /** Queues as many jobs for each name, which take turns. */
    void queueJobs(List<String> names, int each) throws SQLException {
        try (var connection = as(ALICE);
                var insert = connection.prepareStatement("""
                        INSERT INTO worker_pool.jobs (worker_name, query_text)
                        SELECT name, ? FROM generate_series(1, ?), unnest(?) AS name""")) {
            insert.setString(1, INSERT);
            insert.setInt(2, each);
            insert.setArray(3, connection.createArrayOf("text", names.toArray()));
            insert.execute();
        }
        database.asSuperuser("ANALYZE worker_pool.queued_job");
    }

    /** No job begins from now on. */
    void suspend() throws SQLException {
        acquire(true);
    }

    /** Jobs begin, those of all workers that are up at the same time. */
    void resume() throws SQLException {
        acquire(false);
        database.execute(
                QueueDatabase.OPERATOR,
                "SELECT pg_notify('worker_pool', n.worker_name) FROM worker_pool.wanted_name n");
    }

    /** As if the operator had left since: a worker does not make way for names that nobody would start. */
    private void acquire(boolean suspended) throws SQLException {
        database.execute(
                QueueDatabase.OPERATOR,
                "SELECT worker_pool.acquire('bench', 'bench', %s)".formatted(suspended),
                "UPDATE worker_pool.pool SET seen_at = 'epoch'");
    }

    /** Until workers of so many names are up. */
    void awaitWorkers(int names) throws SQLException {
        awaitAnswer("SELECT count(*) = %d FROM worker_pool.worker WHERE pod IS NOT NULL".formatted(names));
    }

    /** Until a job runs. Returns when it began, in seconds, by the clock of the server. */
    double awaitJob() throws SQLException {
        awaitAnswer("SELECT count(*) = 1 FROM pg_stat_activity WHERE " + RUNS_A_JOB);
        return ask("SELECT extract(epoch FROM max(query_start)) FROM pg_stat_activity WHERE " + RUNS_A_JOB);
    }

    /** When the first session of a worker that is there began, in seconds. */
    double firstSession() throws SQLException {
        return ask("""
                SELECT extract(epoch FROM min(backend_start)) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'worker_pool %'""");
    }

    /** Until nothing of these names waits any more. */
    void awaitDone(List<String> names) throws SQLException {
        for (var name : names) {
            awaitAnswer("SELECT id IS NULL FROM worker_pool.head('%s')".formatted(name));
        }
    }

    private void awaitAnswer(String question) throws SQLException {
        try (var connection = as(QueueDatabase.OPERATOR);
                var statement = connection.prepareStatement(question)) {
            await().atMost(PATIENCE).pollInterval(GLANCE).until(() -> {
                try (var row = statement.executeQuery()) {
                    return row.next() && row.getBoolean(1);
                }
            });
        }
    }

    /** Of what was queued last; 0: nothing is there. */
    long lastId() throws SQLException {
        return (long) ask("SELECT coalesce(max(id), 0) FROM worker_pool.queued_job");
    }

    /** What was not done was not measured. */
    void requireEffects(long number) throws SQLException {
        double effects = ask("SELECT count(*) FROM public.effect");
        if (effects != number) {
            throw new IllegalStateException("%d jobs had %.0f effects".formatted(number, effects));
        }
    }

    /** The first column of the only row. */
    double ask(String question, Object... parameters) throws SQLException {
        try (var connection = database.asSuperuser();
                var statement = connection.prepareStatement(question)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getDouble(1);
            }
        }
    }

    @Override
    public void close() throws SQLException {
        database.close();
    }
}
