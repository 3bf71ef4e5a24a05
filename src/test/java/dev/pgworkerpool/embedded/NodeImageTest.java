package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeImageTest {
    @Test
    void the_worker_runs_without_an_image() throws Exception {
        var command = NodeImage.worker().commandLine(List.of("java", "@/app/worker.args"));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isNotZero(); // nobody told it what to do
        assertThat(output).contains("PGWP_").doesNotContain("NoClassDefFoundError", "ClassNotFoundException");
    }

    @Test
    void other_commands_stay_as_they_are() {
        assertThat(NodeImage.worker().commandLine(List.of("sh", "-c", "true"))).containsExactly("sh", "-c", "true");
    }
}
