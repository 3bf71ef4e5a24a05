package dev.pgworkerpool.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedPostgresTest {
    @TempDir
    static Path dir;

    static EmbeddedPostgres postgres;

    @BeforeAll
    static void start() throws SQLException {
        postgres = EmbeddedPostgres.start(dir);
        postgres.createLogin("Alice \"A\"", "it's", "NOINHERIT");
        postgres.createDatabase("library", "Alice \"A\"");
    }

    @AfterAll
    static void stop() {
        postgres.close();
    }

    @Test
    void it_is_a_PostgreSQL_18_that_listens_on_the_loopback_address_only() throws SQLException {
        assertThat(ask("SHOW server_version")).startsWith("18.");
        assertThat(ask("SHOW listen_addresses")).isEqualTo("127.0.0.1");
        assertThat(ask("SHOW unix_socket_directories")).isEmpty();
        assertThat(ask("SHOW fsync")).isEqualTo("off");
    }

    @Test
    void a_role_needs_its_own_password() throws SQLException {
        try (var connection = postgres.connect("library", "Alice \"A\"", "it's")) {
            assertThat(connection.isValid(5)).isTrue();
        }
        assertThatThrownBy(() -> postgres.connect("library", "Alice \"A\"", "its"))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
        assertThatThrownBy(() -> postgres.connect("library", PostgresServer.SUPERUSER, "postgres"))
                .isInstanceOf(SQLException.class);
    }

    @Test
    void a_crash_ends_the_sessions_and_keeps_what_was_committed() throws SQLException {
        try (var before = postgres.superuser("library");
                var statement = before.createStatement()) {
            statement.execute("CREATE TABLE kept AS SELECT 1 AS one");
            postgres.restartImmediately();
            assertThat(before.isValid(5)).isFalse();
        }
        assertThat(ask("SELECT one FROM kept")).isEqualTo("1");
    }

    @Test
    void a_stopped_server_comes_back_on_the_same_port_with_the_same_data() throws SQLException {
        postgres.stop();
        assertThatThrownBy(() -> postgres.superuser("library")).isInstanceOf(SQLException.class);
        postgres.stopImmediately(); // nothing to do
        postgres.start();
        assertThat(ask("SELECT current_database()")).isEqualTo("library");
    }

    @Test
    void a_new_server_replaces_what_an_earlier_one_left_in_the_folder(@TempDir Path folder) throws SQLException {
        var earlier = EmbeddedPostgres.start(folder);
        try (var later = EmbeddedPostgres.start(folder);
                var connection = later.superuser("postgres")) {
            assertThat(connection.isValid(5)).isTrue();
            assertThatThrownBy(() -> earlier.superuser("postgres")).isInstanceOf(SQLException.class);
        }
    }

    private static String ask(String query) throws SQLException {
        try (var connection = postgres.superuser("library");
                var result = connection.createStatement().executeQuery(query)) {
            result.next();
            return result.getString(1);
        }
    }
}
