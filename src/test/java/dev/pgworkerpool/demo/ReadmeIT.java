package dev.pgworkerpool.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.EmbeddedPostgres;
import dev.pgworkerpool.postgres.PostgresServer;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What README.md shows can be typed in as it stands there. */
class ReadmeIT {
    private static final Path DIR = Path.of("target/readme");
    private static final DemoSurroundings SURROUNDINGS = new DemoSurroundings(DIR);

    static DemoSurroundings.Parts parts;

    static Readme readme;

    @BeforeAll
    static void start() throws Exception {
        readme = Readme.read().without("Recipes");
        parts = SURROUNDINGS.start();
    }

    @AfterAll
    static void stop() {
        SURROUNDINGS.close();
    }

    @Test
    void a_listed_role_can_run_the_sql() throws Exception {
        try (var alice = parts.database().connect(parts.database().alice);
                var statement = alice.createStatement()) {
            for (String sql :
                    readme.blocks("sql").stream().filter(sql -> !isForDba(sql)).toList()) {
                statement.execute(sql);
            }
            await().atMost(Duration.ofMinutes(1)).until(() -> {
                try (var result =
                        statement.executeQuery("SELECT count(*) FROM worker_pool.jobs WHERE status = 'done'")) {
                    return result.next() && result.getInt(1) >= 3;
                }
            });
        }
    }

    @Test
    void a_dba_can_run_what_prepares_the_database(@TempDir Path dir) throws Exception {
        try (var server = EmbeddedPostgres.start(dir)) {
            server.createLogin("bob", "secret");
            server.createDatabase("library", PostgresServer.SUPERUSER);
            try (var dba = server.superuser("library");
                    var statement = dba.createStatement()) {
                for (String sql :
                        readme.blocks("sql").stream().filter(ReadmeIT::isForDba).toList()) {
                    statement.execute(sql);
                }
            }
        }
    }

    @Test
    void the_pool_is_accepted_by_the_api() {
        var namespace = new NamespaceBuilder()
                .withNewMetadata()
                .withName("readme")
                .endMetadata()
                .build();
        parts.cluster().client().resource(namespace).create();
        parts.cluster()
                .client()
                .resource(example("WorkerPool"))
                .inNamespace("readme")
                .create();
    }

    @Test
    void the_worker_job_is_ready_when_its_sql_has_finished() throws Exception {
        parts.namespace().apply(example("WorkerJob"));
        await().atMost(Duration.ofMinutes(1)).until(() -> parts.namespace().isReady("WorkerJob", "load-books"));
        try (var alice = parts.database().connect(parts.database().alice);
                var result = alice.createStatement()
                        .executeQuery("SELECT count(*) FROM books WHERE title LIKE 'New book %'")) {
            assertThat(result.next()).isTrue();
            assertThat(result.getInt(1)).isEqualTo(1000);
        }
    }

    @Test
    void the_worker_job_is_one_of_the_examples() throws Exception {
        assertThat(example("WorkerJob")).isEqualTo(Files.readString(Path.of("examples/load-books.yaml")));
    }

    @Test
    void every_make_target_exists() throws Exception {
        assertThat(readme.makeTargets()).isNotEmpty();
        var makefile = Files.readString(Path.of("Makefile"));
        assertThat(readme.makeTargets())
                .allSatisfy(target -> assertThat(makefile).containsPattern("(?m)^" + target + ":.*## "));
    }

    @Test
    void a_shell_can_run_the_commands_while_the_demo_is_up() throws Exception {
        assumeThat(onPath("psql") && onPath("kubectl"))
                .as("psql and kubectl are installed")
                .isTrue();
        var commands = readme.blocks("sh").stream()
                .filter(sh -> !sh.startsWith("make"))
                .toList();
        assertThat(commands).hasSize(2);
        for (String command : commands) {
            assertSucceeds(command.replace("target/demo", DIR.toString()));
        }
    }

    /** As a DBA where a command installs something, else as alice. */
    private static void assertSucceeds(String commands) throws Exception {
        var who = commands.contains("install.sql") ? "PGUSER=$ADMIN_USER PGPASSWORD=$ADMIN_PASSWORD\n" : "";
        var output = DIR.resolve("shell.log").toFile();
        var shell = new ProcessBuilder("sh", "-ec", ". " + DIR + "/env\n" + who + commands)
                .redirectErrorStream(true)
                .redirectOutput(output)
                .start();
        assertThat(shell.waitFor()).as(Files.readString(output.toPath())).isZero();
    }

    private String example(String kind) {
        return readme.blocks("yaml").stream()
                .filter(yaml -> yaml.contains("kind: " + kind + "\n"))
                .findFirst()
                .orElseThrow();
    }

    private static boolean isForDba(String sql) {
        return sql.contains("CREATE ROLE") || sql.contains("CREATE SCHEMA");
    }

    static boolean onPath(String program) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(dir -> Files.isExecutable(Path.of(dir, program)));
    }
}
