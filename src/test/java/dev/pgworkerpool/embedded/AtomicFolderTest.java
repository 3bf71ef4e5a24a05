package dev.pgworkerpool.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFolderTest {
    @TempDir
    Path dir;

    AtomicFolder folder;

    @BeforeEach
    void writeFirstFiles() throws IOException {
        folder = new AtomicFolder(dir.resolve("folder"));
        folder.write(Map.of("user", "alice".getBytes(UTF_8), "logins/0/password", "old".getBytes(UTF_8)));
    }

    @Test
    void files_are_found_by_their_paths() throws IOException {
        assertThat(read("user")).isEqualTo("alice");
        assertThat(read("logins/0/password")).isEqualTo("old");
    }

    @Test
    void files_change_come_and_go() throws IOException {
        folder.write(Map.of("logins/0/password", "new".getBytes(UTF_8), "extra", "x".getBytes(UTF_8)));
        assertThat(read("logins/0/password")).isEqualTo("new");
        assertThat(read("extra")).isEqualTo("x");
        assertThat(dir.resolve("folder/user")).doesNotExist();
    }

    @Test
    void the_same_files_are_not_written_again() throws IOException {
        var data = Files.readSymbolicLink(dir.resolve("folder/..data"));
        folder.write(Map.of("user", "alice".getBytes(UTF_8), "logins/0/password", "old".getBytes(UTF_8)));
        assertThat(Files.readSymbolicLink(dir.resolve("folder/..data"))).isEqualTo(data);
    }

    private String read(String path) throws IOException {
        return Files.readString(dir.resolve("folder").resolve(path));
    }
}
