package dev.pgworkerpool.postgres;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.testcontainers.containers.GenericContainer;

/**
 * A PostgreSQL server of any version in a container of the official image, with the settings of that image (its locale, and
 * scram-sha-256 for all roles). Removed at the latest when the JVM ends.
 */
final class DockerPostgres implements PostgresServer {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String superuserPassword = UUID.randomUUID().toString();
    private final int port;
    private final GenericContainer<?> container;

    private DockerPostgres(String version, int port, Map<String, String> settings) {
        this.port = port;
        container = new GenericContainer<>("postgres:" + version)
                .withEnv("POSTGRES_PASSWORD", superuserPassword)
                .withCommand(settings.entrySet().stream()
                        .map(setting -> "--" + setting.getKey() + "=" + setting.getValue())
                        .toArray(String[]::new));
        // A port that Docker chose would be another one after each start.
        container.setPortBindings(List.of(port + ":5432"));
    }

    /** Starts a new server of this version, e.g. {@code 15}, with these settings on its command line. */
    static DockerPostgres start(String version, Map<String, String> settings) {
        var server = new DockerPostgres(version, EmbeddedPostgres.freePort(), settings);
        server.container.start();
        server.awaitAnswer(PATIENCE);
        return server;
    }

    @Override
    public String host() {
        return container.getHost();
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public String superuserPassword() {
        return superuserPassword;
    }

    @Override
    public void start() {
        container
                .getDockerClient()
                .startContainerCmd(container.getContainerId())
                .exec();
        awaitAnswer(PATIENCE);
    }

    @Override
    public void stop() {
        container.getDockerClient().stopContainerCmd(container.getContainerId()).exec();
    }

    @Override
    public void restartImmediately() {
        // All its processes are killed when there is no time for a shutdown.
        container
                .getDockerClient()
                .restartContainerCmd(container.getContainerId())
                .withTimeout(0)
                .exec();
        awaitAnswer(PATIENCE);
    }

    @Override
    public void close() {
        container.stop();
    }
}
