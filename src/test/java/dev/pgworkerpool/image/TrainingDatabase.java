package dev.pgworkerpool.image;

import static dev.pgworkerpool.image.Docker.docker;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/** A PostgreSQL in a container, with the pool and the login that the worker is trained with. */
final class TrainingDatabase implements AutoCloseable {
    private static final String NAME = "pgworkerpool-" + UUID.randomUUID();
    private static final String PASSWORD = "training";
    private static final Path CREDENTIALS =
            Path.of("target/image-test/credentials").toAbsolutePath();

    TrainingDatabase() throws IOException {
        writeLogin("operator", "operator");
        writeLogin("logins/0", "alice");
        docker("network", "create", NAME);
        docker(
                "run",
                "--detach",
                "--name",
                NAME,
                "--network",
                NAME,
                "--network-alias",
                "postgres",
                "--env",
                "POSTGRES_PASSWORD=" + PASSWORD,
                "--volume",
                Path.of("").toAbsolutePath() + ":/project:ro",
                "postgres:18");
        // By TCP: while it prepares its files it listens on a socket only.
        await().atMost(Duration.ofMinutes(1))
                .ignoreExceptions()
                .until(() -> psql("postgres", "--command=SELECT 1") != null);
        psql("postgres", "--file=/project/src/main/docker/training/worker.sql");
    }

    void submit(String query) throws IOException {
        psql("alice", "--command=CALL worker_pool.submit('training', '" + query + "')");
    }

    /** The options of a container that make it a worker of the name that {@link #submit} queues for. */
    List<String> worker() {
        return List.of(
                "--network", NAME,
                "--volume", CREDENTIALS + ":/credentials:ro",
                "--env", "PGWP_WORKER=training",
                "--env", "PGWP_POD=training",
                "--env", "PGWP_HOST=postgres",
                "--env", "PGWP_DATABASE=postgres",
                "--env", "PGWP_CREDENTIALS=/credentials");
    }

    private static String psql(String role, String argument) throws IOException {
        return docker(
                "exec",
                "--env",
                "PGPASSWORD=" + PASSWORD,
                NAME,
                "psql",
                "--quiet",
                "--host=127.0.0.1",
                "--dbname=postgres",
                "--username=" + role,
                argument);
    }

    private static void writeLogin(String folder, String username) throws IOException {
        Path login = Files.createDirectories(CREDENTIALS.resolve(folder));
        Files.writeString(login.resolve("username"), username);
        Files.writeString(login.resolve("password"), PASSWORD);
    }

    @Override
    public void close() throws IOException {
        docker("rm", "--force", "--volumes", NAME);
        docker("network", "rm", NAME);
    }
}
