package dev.pgworkerpool.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

/**
 * The PostgreSQL servers that suites run against, each started once for all of them: the embedded one, and the oldest
 * supported version where Debian has installed it; or, with {@code -Dpostgres.docker=15,16}, these versions in containers.
 */
public final class PostgresServers {
    private static final Map<String, String> SETTINGS =
            Map.of("fsync", "off", "full_page_writes", "off", "max_connections", "200");
    private static final Path INSTALLED_15 = Path.of("/usr/lib/postgresql/15");

    private static final List<Named<PostgresServer>> ALL = start();

    private PostgresServers() {}

    /** For {@code @ParameterizedClass(autoCloseArguments = false) @MethodSource}: JUnit would stop them after the first class. */
    public static Stream<Named<PostgresServer>> all() {
        return ALL.stream();
    }

    private static List<Named<PostgresServer>> start() {
        var versions = System.getProperty("postgres.docker");
        if (versions != null) {
            return Stream.of(versions.split(","))
                    .map(version -> named(version, DockerPostgres.start(version, SETTINGS)))
                    .toList();
        }
        var embedded = named("18", EmbeddedPostgres.start(folder(), SETTINGS));
        return Files.isDirectory(INSTALLED_15)
                ? List.of(embedded, named("15", EmbeddedPostgres.startInstalled(INSTALLED_15, folder(), SETTINGS)))
                : List.of(embedded);
    }

    private static Named<PostgresServer> named(String version, PostgresServer server) {
        return Named.of("PostgreSQL " + version, server);
    }

    private static Path folder() {
        try {
            return Files.createTempDirectory(Files.createDirectories(Path.of("target", "postgres")), "server");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
