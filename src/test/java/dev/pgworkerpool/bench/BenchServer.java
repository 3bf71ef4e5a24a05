package dev.pgworkerpool.bench;

import dev.pgworkerpool.postgres.EmbeddedPostgres;
import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A PostgreSQL server as one would run it for data that matters: what is committed is on the disk. */
final class BenchServer implements AutoCloseable {
    /** No checkpoint comes along in the middle of a round: each begins with one. */
    private static final Map<String, String> SETTINGS = Map.of(
            "fsync", "on",
            "full_page_writes", "on",
            "shared_buffers", "1GB",
            "max_wal_size", "8GB",
            "checkpoint_timeout", "1h",
            "max_connections", "400");

    private static final String THOSE_THAT_MATTER = """
            SELECT name || ' = ' || current_setting(name)
            FROM unnest(ARRAY['fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method', 'data_checksums',
                              'shared_buffers', 'max_wal_size', 'checkpoint_timeout', 'autovacuum']) AS name
            """;

    private final EmbeddedPostgres postgres;

    private BenchServer(EmbeddedPostgres postgres) {
        this.postgres = postgres;
    }

    /** @param version that is installed on this machine; null: the embedded one */
    static BenchServer start(Path folder, @Nullable String version) {
        return new BenchServer(
                version == null
                        ? EmbeddedPostgres.start(folder, SETTINGS)
                        : EmbeddedPostgres.startInstalled(
                                Path.of("/usr/lib/postgresql").resolve(version), folder, SETTINGS));
    }

    PostgresServer postgres() {
        return postgres;
    }

    String version() throws SQLException {
        try (var connection = postgres.superuser("postgres")) {
            return "PostgreSQL "
                    + QueueDatabase.ask(connection, "SHOW server_version").getFirst();
        }
    }

    Map<String, String> settings() throws SQLException {
        var settings = new LinkedHashMap<String, String>();
        try (var connection = postgres.superuser("postgres")) {
            for (var setting : QueueDatabase.ask(connection, THOSE_THAT_MATTER)) {
                var parts = setting.split(" = ", 2);
                settings.put(parts[0], parts[1]);
            }
        }
        return settings;
    }

    /** Its data go as well: they take gigabytes. */
    @Override
    public void close() {
        postgres.remove();
    }
}
