package dev.pgworkerpool.demo;

import dev.pgworkerpool.postgres.EmbeddedPostgres;
import dev.pgworkerpool.postgres.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;

/**
 * A database as a company may have it: tables of an ordinary role, a second role that must not share its password, a third
 * that nobody listed, and a login for the operator that may create its schema and nothing else.
 */
final class DemoDatabase implements AutoCloseable {
    static final String NAME = "library";

    private final EmbeddedPostgres server;

    final Login operator = Login.named("worker_pool_operator");
    final Login alice = Login.named("alice");
    final Login bob = Login.named("bob");
    final Login bobsCompanion = Login.named("wp$bob");
    final Login mallory = Login.named("mallory");

    /** A role and its password, a new one each time. */
    record Login(String role, String password) {
        static Login named(String role) {
            return new Login(role, UUID.randomUUID().toString());
        }
    }

    private DemoDatabase(EmbeddedPostgres server) {
        this.server = server;
    }

    static DemoDatabase start(Path dir) throws SQLException {
        var database = new DemoDatabase(EmbeddedPostgres.start(dir));
        try {
            database.createRoles();
            database.createTables();
            return database;
        } catch (SQLException e) {
            database.close();
            throw e;
        }
    }

    String host() {
        return server.host();
    }

    int port() {
        return server.port();
    }

    Login admin() {
        return new Login(PostgresServer.SUPERUSER, server.superuserPassword());
    }

    Connection connect(Login login) throws SQLException {
        return connect(NAME, login);
    }

    /** To another database of the same server. */
    Connection connect(String database, Login login) throws SQLException {
        return server.connect(database, login.role(), login.password());
    }

    @Override
    public void close() {
        server.close();
    }

    private void createRoles() throws SQLException {
        for (Login login : new Login[] {operator, alice, bob, mallory}) {
            server.createLogin(login.role(), login.password());
        }
        server.createLogin(bobsCompanion.role(), bobsCompanion.password(), "NOINHERIT");
        server.createDatabase(NAME, PostgresServer.SUPERUSER);
        execute(admin(), """
                GRANT bob TO "wp$bob";
                ALTER ROLE "wp$bob" SET role = 'bob';
                GRANT CREATE ON DATABASE library TO worker_pool_operator;
                GRANT CREATE ON SCHEMA public TO alice, bob;
                """);
    }

    private void createTables() throws SQLException {
        execute(alice, """
                CREATE TABLE my_big_table AS
                  SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 500000) AS n;
                CREATE TABLE other_big_table AS
                  SELECT n AS id, md5((n % 1000)::text) AS author FROM generate_series(1, 500000) AS n;
                CREATE TABLE books AS
                  SELECT n AS id, 'Volume ' || n AS title, 1900 + n % 120 AS year FROM generate_series(1, 100000) AS n;
                """);
    }

    private void execute(Login login, String statements) throws SQLException {
        try (var connection = connect(login);
                var statement = connection.createStatement()) {
            statement.execute(statements);
        }
    }
}
