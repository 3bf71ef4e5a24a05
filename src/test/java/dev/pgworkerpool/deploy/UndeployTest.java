package dev.pgworkerpool.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.pgworkerpool.Command;
import dev.pgworkerpool.demo.Kubectl;
import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code make undeploy} where little is left to take away. */
class UndeployTest {
    private EmbeddedCluster cluster;

    @BeforeEach
    void start(@TempDir Path folder) {
        cluster = EmbeddedCluster.start(folder, NodeImage.asIs());
        assumeThat(Kubectl.find(cluster.kubeconfig()))
                .as("kubectl is installed")
                .isPresent();
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void without_the_CRDs_it_succeeds() throws Exception {
        assertThat(undeploy()).doesNotContainIgnoringCase("error");
    }

    @Test
    void the_CRDs_go_with_the_last_pool_and_with_one_of_them_gone_already() throws Exception {
        cluster.applyCrds(Path.of("crds"));
        cluster.client()
                .apiextensions()
                .v1()
                .customResourceDefinitions()
                .withName("workerjobs.pgworkerpool.dev")
                .delete();
        try (var example = Files.newInputStream(Path.of("examples/library.yaml"))) {
            cluster.client().load(example).inNamespace(Manifests.CURRENT).serverSideApply();
        }
        undeploy();
        assertThat(cluster.client()
                        .apiextensions()
                        .v1()
                        .customResourceDefinitions()
                        .list()
                        .getItems())
                .isEmpty();
    }

    /** Returns what it printed. */
    private String undeploy() throws IOException {
        return new Command(
                        List.of("make", "undeploy"),
                        Map.of(
                                "KUBECONFIG",
                                cluster.kubeconfig().toAbsolutePath().toString()))
                .run();
    }
}
