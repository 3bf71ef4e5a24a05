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
    static void start() {
        postgres = EmbeddedPostgres.start(dir);
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
    void a_new_server_replaces_what_an_earlier_one_left_in_the_folder(@TempDir Path folder) throws SQLException {
        var earlier = EmbeddedPostgres.start(folder);
        try (var later = EmbeddedPostgres.start(folder);
                var connection = later.superuser("postgres")) {
            assertThat(connection.isValid(5)).isTrue();
            assertThatThrownBy(() -> earlier.superuser("postgres")).isInstanceOf(SQLException.class);
        }
    }

    @Test
    void a_removed_server_leaves_no_data_behind(@TempDir Path folder) {
        EmbeddedPostgres.start(folder).remove();
        assertThat(folder.resolve("data")).doesNotExist();
    }

    private static String ask(String query) throws SQLException {
        try (var connection = postgres.superuser("postgres");
                var result = connection.createStatement().executeQuery(query)) {
            result.next();
            return result.getString(1);
        }
    }
}
