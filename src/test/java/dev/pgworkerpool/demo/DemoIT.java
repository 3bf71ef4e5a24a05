package dev.pgworkerpool.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Isolated("builds the program that others run")
class DemoIT {
    private static final Path OPERATOR_PID = Path.of("target/demo/operator.pid");
    private static final Path ENV = Path.of("target/demo/env");

    @TempDir
    Path dir;

    @Test
    void without_a_terminal_the_demo_runs_everything_and_ends_with_success() throws Exception {
        try (var demo = DemoProcess.start(dir.resolve("output"))) {
            assertThat(demo.exitCode()).as(demo.output()).isZero();
            assertThat(demo.output())
                    .contains("CALL worker_pool.submit('foo', 'create index myindex_1 on my_big_table (id)')")
                    .contains("WaitingForSlot")
                    .endsWith("Of what was rolled back there is no row, and there was no pod.\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void the_surroundings_stay_until_a_signal_and_leave_no_process(String signal) throws Exception {
        try (var demo = DemoProcess.start(dir.resolve("output"), "up")) {
            demo.awaitLine("ready");
            var family = demo.family();
            assertThat(family).hasSizeGreaterThanOrEqualTo(2);
            demo.signal(signal);
            assertThat(demo.exitCode()).isZero();
            // PostgreSQL is down some milliseconds before its process is gone.
            await().untilAsserted(() -> assertThat(family).noneMatch(ProcessHandle::isAlive));
        }
    }

    @Test
    void the_env_file_exports_what_a_shell_needs() throws Exception {
        try (var demo = DemoProcess.start(dir.resolve("output"), "up")) {
            demo.awaitLine("ready");
            assertThat(Files.readAllLines(ENV)).allMatch(line -> line.matches("export [A-Z_]+='[^']+'"));
            assertThat(names(Files.readAllLines(ENV)))
                    .isEqualTo("KUBECONFIG PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD DEMO_POOL DEMO_NAMESPACE"
                            + " BOB_PASSWORD MALLORY_PASSWORD ADMIN_USER ADMIN_PASSWORD OPERATOR_URL");
        }
    }

    @Test
    void an_operator_that_is_killed_is_started_again() throws Exception {
        try (var demo = DemoProcess.start(dir.resolve("output"), "up")) {
            demo.awaitLine("ready");
            var operator = Long.parseLong(Files.readString(OPERATOR_PID));
            ProcessHandle.of(operator).orElseThrow().destroyForcibly();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> Long.parseLong(Files.readString(OPERATOR_PID)) != operator);
        }
    }

    private static String names(List<String> exports) {
        return exports.stream()
                .map(line -> line.replaceAll("export (.*?)=.*", "$1"))
                .collect(Collectors.joining(" "));
    }
}
