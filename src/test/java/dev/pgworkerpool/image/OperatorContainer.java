package dev.pgworkerpool.image;

import static dev.pgworkerpool.image.Docker.docker;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The operator in a container, beside the Kubernetes API of the test tree. */
final class OperatorContainer implements AutoCloseable {
    private final EmbeddedCluster cluster;
    private final String id;

    /**
     * Starts it and returns at once.
     *
     * @param options of the container
     * @param arguments of its {@code java}
     */
    OperatorContainer(List<String> options, String... arguments) throws IOException {
        cluster = EmbeddedCluster.start(Path.of("target/image-test/cluster"), NodeImage.asIs());
        cluster.applyCrds(Path.of("crds"));
        id = Docker.startJava(
                Stream.concat(
                                Stream.of(
                                        "--network=host",
                                        "--tmpfs=/tmp",
                                        // As in a pod, there is no kubeconfig to read.
                                        "--env=KUBERNETES_MASTER=" + cluster.url(),
                                        "--env=QUARKUS_HTTP_PORT=0"),
                                options.stream())
                        .toList(),
                arguments);
    }

    /** What it had printed by the time it was ready. */
    String awaitStarted() throws IOException {
        await().atMost(Duration.ofMinutes(1))
                .failFast(() -> assertThat(isRunning()).as("%s", log()).isTrue())
                .until(() -> log().contains("Listening on"));
        return log();
    }

    private String log() throws IOException {
        return docker("logs", id);
    }

    private boolean isRunning() throws IOException {
        return docker("inspect", "--format", "{{.State.Running}}", id).strip().equals("true");
    }

    @Override
    public void close() throws IOException {
        docker("rm", "--force", id);
        cluster.close();
    }
}
