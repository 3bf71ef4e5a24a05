package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.demo.Readme;
import dev.pgworkerpool.demo.Readme.Typed;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A new user in an empty namespace types what README.md says in "Install on a cluster", but for the image, which the cluster knows
 * already, and then applies the other examples.
 */
@Tag("cluster")
class InstallIT {
    private static final String EXAMPLES = "dev.pgworkerpool.deploy.DeployFiles#examples";
    /** Of RFC 2606: nobody has a database there. */
    private static final String NOWHERE = ".example.com";

    private static final Map<String, String> PRINTED = new HashMap<>();

    private static ClusterNamespace namespace;

    @BeforeAll
    static void type() throws IOException {
        namespace = ClusterNamespace.create();
        Diagnostics.watch(namespace);
        for (var typed : typed()) {
            PRINTED.put(typed.command(), namespace.shell(typed.command()));
        }
    }

    @AfterAll
    static void stop() {
        namespace.close();
    }

    static List<Typed> typed() throws IOException {
        return section().terminal();
    }

    @Test
    void three_commands_install_it_and_the_first_is_for_the_image() throws IOException {
        List<String> commands = section().blocks("sh").getFirst().lines().toList();
        assertThat(commands).hasSize(3);
        assertThat(commands.getFirst()).startsWith("make image && ");
        assertThat(typed()).extracting(Typed::command).startsWith(commands.get(1), commands.get(2));
    }

    @ParameterizedTest
    @MethodSource("typed")
    void a_command_prints_what_is_shown(Typed typed) {
        assertThat(lasting(PRINTED.get(typed.command()).lines())).isEqualTo(lasting(typed.output().stream()));
    }

    @ParameterizedTest
    @MethodSource(EXAMPLES)
    void an_example_is_accepted_and_does_what_it_is_for(String example) throws IOException {
        namespace.kubectl("apply", "-f", example);
        for (var object :
                namespace.kubectl("get", "-f", example, "-o", "name").lines().toList()) {
            switch (object.substring(0, object.indexOf('/'))) {
                case "deployment.apps" -> namespace.kubectl("rollout", "status", "--timeout=60s", object);
                case "workerjob.pgworkerpool.dev" ->
                    namespace.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s", object);
                case "workerpool.pgworkerpool.dev" -> awaitItsCondition(object.substring(object.indexOf('/') + 1));
                default -> {}
            }
        }
    }

    /** What is the same each time: no progress and no random parts of names; of a table its names and the heads of its columns. */
    private static List<String> lasting(Stream<String> lines) {
        return lines.filter(line -> !line.startsWith("Waiting for "))
                .map(line -> line.replaceFirst("^(\\S+/\\S+)  .*", "$1"))
                .map(line -> line.replaceAll("-[a-z0-9]{8,10}(?=-)|-[a-z0-9]{5}$", "-*"))
                .map(line -> line.replaceAll(" +", " ").stripTrailing())
                .filter(line -> !line.isEmpty())
                .toList();
    }

    private static void awaitItsCondition(String name) {
        var pool = namespace
                .client()
                .resources(WorkerPool.class)
                .inNamespace(namespace.namespace())
                .withName(name);
        var nowhere = pool.get().getSpec().database().host().endsWith(NOWHERE);
        eventually()
                .alias(name)
                .until(() -> ready(pool.get()), equalTo(nowhere ? "False DatabaseUnavailable" : "True Ready"));
    }

    private static String ready(WorkerPool pool) {
        return pool.getStatus() == null
                ? ""
                : RunningSystem.ready(pool.getStatus().conditions());
    }

    private static Readme section() throws IOException {
        return Readme.read().section("Install on a cluster");
    }
}
