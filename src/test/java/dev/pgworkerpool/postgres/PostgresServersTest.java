package dev.pgworkerpool.postgres;

import static dev.pgworkerpool.postgres.QueueDatabase.OPERATOR;
import static dev.pgworkerpool.postgres.QueueDatabase.PASSWORD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** What suites rely on, whichever way a server was started. */
class PostgresServersTest extends OnEachServer {
    @Test
    void a_role_needs_its_own_password() throws SQLException {
        try (var connection = database.as("alice")) {
            assertThat(connection.isValid(5)).isTrue();
        }
        assertThatThrownBy(() -> server.connect(database.name(), "alice", PASSWORD + "!"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
        assertThatThrownBy(() -> server.connect("postgres", PostgresServer.SUPERUSER, "postgres"))
                .isInstanceOf(SQLException.class);
    }

    @Test
    void a_crash_ends_the_sessions_and_keeps_what_was_committed() throws SQLException {
        try (var before = database.asSuperuser()) {
            QueueDatabase.execute(before, "CREATE TABLE kept AS SELECT 1 AS one");
            server.restartImmediately();
            assertThat(before.isValid(5)).isFalse();
        }
        assertThat(database.look("SELECT to_regclass('kept')")).containsExactly("kept");
    }

    @Test
    void a_stopped_server_comes_back_on_the_same_port_with_the_same_data() throws SQLException {
        server.stop();
        assertThatThrownBy(() -> database.as(OPERATOR)).isInstanceOf(SQLException.class);
        server.start();
        assertThat(database.look("SELECT current_database()")).containsExactly(database.name());
    }
}
