package dev.pgworkerpool.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.SecretRef;
import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SchemaInstallerTest {
    private static final Path FOLDER = Path.of("src/main/resources/dev/pgworkerpool/queue/sql");

    @Test
    void every_numbered_file_is_applied_in_order() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            List<String> numbered = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("[0-9]{3}_.*\\.sql"))
                    .map(name -> name.replace(".sql", ""))
                    .sorted()
                    .toList();
            assertThat(SchemaInstaller.FILES).isEqualTo(numbered);
        }
    }

    @ParameterizedTest(autoCloseArguments = false) // other classes use the servers, too
    @MethodSource("dev.pgworkerpool.postgres.PostgresServers#all")
    void operators_that_start_at_once_install_it_once(PostgresServer server) throws Exception {
        String owner = newName();
        server.createLogin(owner, QueueDatabase.PASSWORD);
        server.createDatabase(owner, owner);
        Callable<Boolean> install = () -> {
            try (PoolDatabase database = PoolDatabase.open(settings(server, owner), new Deaf())) {
                return database.queue().demand().isEmpty();
            }
        };
        try (var operators = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var operator : operators.invokeAll(List.of(install, install, install))) {
                assertThat(operator.get()).isTrue();
            }
        }
        try (var connection = server.superuser(owner)) {
            assertThat(QueueDatabase.ask(connection, "SELECT version FROM worker_pool.schema_version ORDER BY 1"))
                    .hasSize(SchemaInstaller.FILES.size())
                    .doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("dev.pgworkerpool.postgres.PostgresServers#all")
    void a_dba_installs_the_same_by_hand_for_an_operator_that_may_not(PostgresServer server) throws Exception {
        assumeThat(Path.of("/usr/bin/psql")).exists();
        String owner = newName();
        server.createLogin(owner, QueueDatabase.PASSWORD);
        server.createDatabase(owner, PostgresServer.SUPERUSER);

        assertThat(psql(server, owner)).isZero();
        assertThat(psql(server, owner)).as("again").isZero();

        try (PoolDatabase database = PoolDatabase.open(settings(server, owner), new Deaf())) {
            assertThat(database.queue().demand()).isEmpty();
        }
        try (var connection = server.superuser(owner)) {
            assertThat(QueueDatabase.ask(connection, "SELECT version FROM worker_pool.schema_version ORDER BY 1"))
                    .hasSize(SchemaInstaller.FILES.size());
        }
    }

    private static int psql(PostgresServer server, String database) throws Exception {
        var psql = new ProcessBuilder("psql", "-q", "-v", "owner=" + database, "-f", "deploy/sql/install.sql", database)
                .inheritIO();
        psql.environment()
                .putAll(Map.of(
                        "PGHOST",
                        server.host(),
                        "PGPORT",
                        Integer.toString(server.port()),
                        "PGUSER",
                        PostgresServer.SUPERUSER,
                        "PGPASSWORD",
                        server.superuserPassword()));
        return psql.start().waitFor();
    }

    private static String newName() {
        return "owner_" + UUID.randomUUID().toString().replace("-", "");
    }

    private static ConnectionSettings settings(PostgresServer server, String name) {
        var spec = new DatabaseSpec(server.host(), server.port(), name, new SecretRef("s"), null);
        return new ConnectionSettings(spec, name, QueueDatabase.PASSWORD, null, "test");
    }
}
