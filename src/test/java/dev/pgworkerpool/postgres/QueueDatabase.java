package dev.pgworkerpool.postgres;

import dev.pgworkerpool.queue.SchemaInstaller;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/**
 * A database of its own with the queue installed by its operator's login, and the roles that tests speak of: {@code alice}, an
 * ordinary role that is listed with her own password; {@code bob}, listed with the companion login {@code wp$bob};
 * {@code carol}, a member of {@code alice}, and {@code mallory}, both not listed. All passwords are {@link #PASSWORD}.
 */
public final class QueueDatabase implements AutoCloseable {
    public static final String OPERATOR = "pool_operator";
    public static final String PASSWORD = "it's a \"secret\" $(x) ü";

    /**
     * {@link #PASSWORD} as PostgreSQL 18 keeps it with {@code scram_iterations = 1}, which the others have not got: to prove a
     * password takes longer than most queries.
     */
    private static final String KEPT_PASSWORD = "SCRAM-SHA-256$1:uklEszMS4TQ+P6aB5bcy9A=="
            + "$yEtcKocoMQsUUrlkHIC6NfLmihVbFDSi1nXiCpxV3Vk=:366zArOi9Ma8jCooA88tEbg8ne1+0aunwTfnxdXfdA0=";

    private final PostgresServer server;
    private final String name;
    private final Map<String, Connection> sessions = new HashMap<>();

    private QueueDatabase(PostgresServer server, String name) {
        this.server = server;
        this.name = name;
    }

    /** A new database on this server. */
    public static QueueDatabase on(PostgresServer server) throws SQLException {
        var database = withoutQueue(server);
        try (var connection = database.as(OPERATOR)) {
            SchemaInstaller.install(connection);
        }
        database.list(List.of("alice", "bob"), List.of("alice", "wp$bob"));
        return database;
    }

    /** A new database on this server for an operator to install the queue in. */
    public static QueueDatabase withoutQueue(PostgresServer server) throws SQLException {
        createRoles(server);
        var database = new QueueDatabase(
                server, "queue_" + UUID.randomUUID().toString().replace("-", ""));
        server.createDatabase(database.name, PostgresServer.SUPERUSER);
        database.asSuperuser(
                "GRANT CREATE ON DATABASE " + database.name + " TO " + OPERATOR,
                "GRANT ALL ON SCHEMA public TO PUBLIC");
        return database;
    }

    public PostgresServer server() {
        return server;
    }

    public String name() {
        return name;
    }

    public Connection as(String role) throws SQLException {
        return server.connect(name, role, PASSWORD);
    }

    public Connection asSuperuser() throws SQLException {
        return server.superuser(name);
    }

    public void asSuperuser(String... statements) throws SQLException {
        try (var connection = asSuperuser()) {
            execute(connection, statements);
        }
    }

    public void execute(String role, String... statements) throws SQLException {
        try (var connection = as(role)) {
            execute(connection, statements);
        }
    }

    /** The first column of each row, as text; parameters are set as text. */
    public List<String> ask(String role, String query, String... parameters) throws SQLException {
        try (var connection = as(role)) {
            return ask(connection, query, parameters);
        }
    }

    /** The first column of each row, as text, as the owner of the queue sees it. */
    public List<String> look(String query, String... parameters) throws SQLException {
        return ask(session(OPERATOR), query, parameters);
    }

    /** How the server refuses this statement: SQLSTATE and message. */
    public String refusal(String role, String statement, @Nullable String... parameters) throws SQLException {
        try (var connection = as(role)) {
            return refusal(connection, statement, parameters);
        }
    }

    /** How the server refuses this statement: SQLSTATE and message. */
    public static String refusal(Connection connection, String statement, @Nullable String... parameters) {
        try (var prepared = connection.prepareStatement(statement)) {
            for (int i = 0; i < parameters.length; i++) {
                prepared.setString(i + 1, parameters[i]);
            }
            prepared.execute();
        } catch (PSQLException e) {
            var message = e.getServerErrorMessage();
            return e.getSQLState() + " " + (message == null ? e.getMessage() : message.getMessage());
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("not refused: " + statement);
    }

    public static List<String> ask(Connection connection, String query, String... parameters) throws SQLException {
        try (var statement = connection.prepareStatement(query)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            try (var rows = statement.executeQuery()) {
                var result = new ArrayList<String>();
                while (rows.next()) {
                    result.add(rows.getString(1));
                }
                return result;
            }
        }
    }

    public static void execute(Connection connection, String... statements) throws SQLException {
        try (var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Queues a job as this role, in a transaction of its own. */
    public long submit(String role, String worker, String query) throws SQLException {
        return Long.parseLong(ask(session(role), "SELECT worker_pool.enqueue(?, ?)", worker, query)
                .getFirst());
    }

    /**
     * Puts jobs of alice straight into the table, past its triggers: many, in little time. They were queued, and those that have ended
     * ended, between 40 and 30 days ago, in the order of their ids.
     *
     * @param names how many names take turns: {@code name 1} and so on
     */
    public void insertJobs(String status, int names, int number, String query) throws SQLException {
        try (var connection = asSuperuser();
                var insert = connection.prepareStatement("""
                        INSERT INTO worker_pool.queued_job (worker_name, query_text, status, submitter, search_path, time_zone,
                            submitted_at, run_at, started_at, finished_at, attempts, row_count)
                        SELECT 'name ' || 1 + n % ?, ?, s.status, 'alice'::regrole, '"$user", public', 'UTC', t.at,
                            CASE WHEN s.status = 'scheduled' THEN now() + interval '1 day' END,
                            CASE WHEN s.ended THEN t.at END, CASE WHEN s.ended THEN t.at END, s.ended::int,
                            CASE WHEN s.ended THEN 1 END
                        FROM (SELECT ?, ? NOT IN ('waiting', 'scheduled')) s (status, ended),
                            (SELECT n, now() - interval '40 days' + n * interval '10 days' / ? FROM generate_series(1, ?) n) t (n, at)
                        ORDER BY n""")) {
            execute(connection, "SET session_replication_role = replica");
            insert.setInt(1, names);
            insert.setString(2, query);
            insert.setString(3, status);
            insert.setString(4, status);
            insert.setInt(5, number);
            insert.setInt(6, number);
            insert.execute();
        }
    }

    /** A session that is kept for those who leave nothing behind in it: to prove a password takes longer than most queries. */
    private synchronized Connection session(String role) throws SQLException {
        var session = sessions.get(role);
        if (session == null || !session.isValid(5)) {
            session = as(role);
            sessions.put(role, session);
        }
        return session;
    }

    /** Replaces the roles of the pool and the logins that run their jobs. */
    public void list(List<String> roles, List<String> logins) throws SQLException {
        try (var connection = as(OPERATOR);
                var statement = connection.prepareStatement("SELECT worker_pool.set_logins(?, ?)")) {
            statement.setArray(1, connection.createArrayOf("text", roles.toArray()));
            statement.setArray(2, connection.createArrayOf("text", logins.toArray()));
            statement.execute();
        }
    }

    /** Writes the logins as they are mounted into a worker pod. */
    public static Path writeCredentials(Path folder, String... logins) {
        writeLogin(folder.resolve("operator"), OPERATOR, PASSWORD);
        for (int i = 0; i < logins.length; i++) {
            writeLogin(folder.resolve("logins").resolve(Integer.toString(i)), logins[i], PASSWORD);
        }
        return folder;
    }

    public static void writeLogin(Path folder, String username, String password) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("username"), username);
            Files.writeString(folder.resolve("password"), password);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws SQLException {
        for (var session : sessions.values()) {
            session.close();
        }
        try (var connection = server.superuser("postgres")) {
            execute(connection, "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        }
    }

    private static void createRoles(PostgresServer server) throws SQLException {
        try (var connection = server.superuser("postgres")) {
            if (!ask(connection, "SELECT 1 FROM pg_roles WHERE rolname = 'alice'")
                    .isEmpty()) {
                return;
            }
        }
        for (var role : List.of(OPERATOR, "alice", "bob", "carol", "mallory")) {
            server.createLogin(role, KEPT_PASSWORD);
        }
        server.createLogin("wp$bob", KEPT_PASSWORD, "NOINHERIT");
        try (var connection = server.superuser("postgres")) {
            execute(
                    connection,
                    "GRANT alice TO carol",
                    "GRANT bob TO \"wp$bob\"",
                    "ALTER ROLE \"wp$bob\" SET role = 'bob'");
        }
    }
}
