package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static dev.pgworkerpool.system.RunningSystem.pause;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A torture queue while parts of the cluster are gone, or there and silent. Each story ends when nothing waits any more, and prints
 * how long after the end of the fault a new name's first job took effect.
 */
@Tag("outage")
class OutagesIT {
    /** The command that makes outages, see its {@code outage}. */
    private static final String LAB = System.getProperty("lab", "");

    private static final Duration OUTAGE = Duration.ofSeconds(Integer.getInteger("outage.seconds", 30));
    private static final int NAMES = 4;
    private static final Duration LENGTH_OF_A_JOB = Duration.ofMillis(100);

    private static RunningSystem system;
    private static ClusterSurroundings cluster;
    private static TortureQueue queue;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        cluster = ClusterSurroundings.start();
        system = RunningSystem.start(cluster);
        // Enough for the fault, and some more; 40 is what makes every tenth job of each submitter fail.
        int jobsPerName = (int) OUTAGE.plusSeconds(10).dividedBy(LENGTH_OF_A_JOB) / 40 * 40;
        queue = new TortureQueue(system.database(), NAMES, jobsPerName, LENGTH_OF_A_JOB);
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    @ParameterizedTest(name = "{0} is {1} for half a minute")
    @CsvSource({
        "kube-apiserver, gone",
        "kube-apiserver, frozen",
        "etcd, gone",
        "etcd, frozen",
        "kubelet, gone",
        "kubelet, frozen"
    })
    void a_daemon_of_the_cluster_is_away(String daemon, String how) throws Exception {
        story(daemon + " " + how, () -> SoakFault.outage(LAB, daemon, how.equals("frozen"), OUTAGE));
    }

    @Test
    void the_operators_pod_is_deleted_ten_times() throws Exception {
        var random = new Random(1);
        story("operator deleted", () -> {
            for (int i = 0; i < 10; i++) {
                pause(Duration.ofMillis(500 + random.nextInt(2500)));
                cluster.deleteOperatorPods();
            }
        });
    }

    @Test
    void PostgreSQL_crashes_twice() throws Exception {
        story("PostgreSQL crashed", () -> {
            for (int i = 0; i < 2; i++) {
                pause(Duration.ofSeconds(5));
                system.postgres().restartImmediately();
            }
        });
    }

    @Test
    void the_network_between_a_worker_and_PostgreSQL_is_cut() throws Exception {
        story("network cut", () -> {
            try (var node = new NodeShell(system.client())) {
                node.cutNetwork(SoakFault.running(system, new Random(1)), OUTAGE);
            }
        });
    }

    private static void story(String name, SoakFault.Action fault) throws Exception {
        queue.submit();
        eventually().until(() -> !system.workerSessions().isEmpty());
        fault.happen();
        var over = Instant.now();
        var probe = "after " + name;
        eventually().atMost(Duration.ofMinutes(3)).ignoreExceptions().until(() -> {
            system.submitEffect(probe);
            return true;
        });
        eventually().atMost(Duration.ofMinutes(3)).until(() -> system.effects(probe) == 1);
        System.out.printf(
                "%s: a new name ran %.1f s after it was over%n",
                name, Duration.between(over, Instant.now()).toMillis() / 1000.0);
        system.awaitAllEnded();
        queue.verify();
        eventually().until(() -> system.workerSessions().isEmpty());
        eventually().until(() -> system.pool(RunningSystem.POOL).getStatus().slotsInUse() == 0);
    }
}
