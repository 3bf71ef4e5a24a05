package dev.pgworkerpool.postgres;

import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.postgresql.PGConnection;

/** A real PostgreSQL server of the tests' own, where every role (the superuser too) has to prove its password. */
public interface PostgresServer extends AutoCloseable {
    String SUPERUSER = "postgres";

    /** Where the tests reach it; the same while it is stopped. */
    String host();

    int port();

    /** Where pods reach it. */
    default String hostInCluster() {
        return host();
    }

    default int portInCluster() {
        return port();
    }

    String superuserPassword();

    /** Starts the stopped server again, with its data. Returns when it answers. */
    void start();

    /** Stops in order: sessions are ended, nothing needs to be recovered afterwards. */
    void stop();

    /** A crash and the recovery from it, as a failover looks to the clients. Returns when it answers again. */
    void restartImmediately();

    @Override
    void close();

    /** Until the superuser can log in. While the official image makes its data, the server does not listen on the network. */
    default void awaitAnswer(Duration patience) {
        await("PostgreSQL answers")
                .atMost(patience)
                .ignoreExceptionsInstanceOf(SQLException.class)
                .until(() -> {
                    try (var connection = superuser("postgres")) {
                        return connection.isValid(5);
                    }
                });
    }

    /** The JDBC URL of a database of this server, without user and password. */
    default String url(String database) {
        return "jdbc:postgresql://%s:%d/%s".formatted(host(), port(), database);
    }

    default Connection superuser(String database) throws SQLException {
        return connect(database, SUPERUSER, superuserPassword());
    }

    default Connection connect(String database, String user, String password) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        return DriverManager.getConnection(url(database), properties);
    }

    /** Creates a role that may log in with this password; {@code options} are SQL such as {@code NOINHERIT}. */
    default void createLogin(String role, String password, String... options) throws SQLException {
        try (var connection = superuser("postgres");
                var statement = connection.createStatement()) {
            statement.execute("CREATE ROLE %s LOGIN PASSWORD %s %s"
                    .formatted(
                            identifier(connection, role),
                            statement.enquoteLiteral(password),
                            String.join(" ", options)));
        }
    }

    default void createDatabase(String name, String owner) throws SQLException {
        try (var connection = superuser("postgres");
                var statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE %s OWNER %s"
                    .formatted(identifier(connection, name), identifier(connection, owner)));
        }
    }

    private static String identifier(Connection connection, String name) throws SQLException {
        return connection.unwrap(PGConnection.class).escapeIdentifier(name);
    }
}
