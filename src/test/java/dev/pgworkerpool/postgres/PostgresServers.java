package dev.pgworkerpool.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

/**
 * The PostgreSQL servers that suites run against, each started once for all of them: the embedded one, and the oldest
 * supported version where Debian has installed it.
 */
public final class PostgresServers {
    private static final Map<String, EmbeddedPostgres> STARTED = new LinkedHashMap<>();
    private static final List<Path> INSTALLED = List.of(Path.of("/usr/lib/postgresql/15"));

    private PostgresServers() {}

    /** For {@code @ParameterizedClass(autoCloseArguments = false) @MethodSource}: JUnit would stop them after the first class. */
    public static Stream<Named<PostgresServer>> all() {
        return Stream.concat(
                Stream.of(Named.of("PostgreSQL 18", embedded())),
                INSTALLED.stream()
                        .filter(Files::isDirectory)
                        .map(path -> Named.of("PostgreSQL " + path.getFileName(), installed(path))));
    }

    public static synchronized EmbeddedPostgres embedded() {
        return STARTED.computeIfAbsent("embedded", name -> EmbeddedPostgres.start(folder()));
    }

    private static synchronized EmbeddedPostgres installed(Path installation) {
        return STARTED.computeIfAbsent(
                installation.toString(), name -> EmbeddedPostgres.startInstalled(installation, folder()));
    }

    private static Path folder() {
        try {
            return Files.createTempDirectory(Files.createDirectories(Path.of("target", "postgres")), "server");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
