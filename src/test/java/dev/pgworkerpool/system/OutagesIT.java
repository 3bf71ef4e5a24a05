package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static dev.pgworkerpool.system.RunningSystem.pause;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A torture queue while parts of the cluster are gone, or there and silent. More names than slots wait for short turns, so that the
 * operator is needed all the time. Each story ends when nothing waits any more, and prints how long after the end of the fault a
 * new name's first job took effect.
 */
@Tag("outage")
class OutagesIT {
    private static final Duration OUTAGE = Duration.ofSeconds(Integer.getInteger("outage.seconds", 30));
    private static final Duration PATIENCE = OUTAGE.plusMinutes(4);
    private static final int SLOTS = 4;
    /** A turn of four seconds. 40 is what makes every tenth job of each submitter fail. */
    private static final int JOBS_PER_NAME = 40;

    private static final Duration LENGTH_OF_A_JOB = Duration.ofMillis(100);
    private static final Duration TURN = LENGTH_OF_A_JOB.multipliedBy(JOBS_PER_NAME);
    /** Work for the time of the fault, and some more. */
    private static final int NAMES = SLOTS * (int) OUTAGE.plusSeconds(5).dividedBy(TURN);

    private static final Random RANDOM = new Random(1);

    private static RunningSystem system;
    private static ClusterSurroundings cluster;
    private static NodeShell node;
    private static TortureQueue queue;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        cluster = ClusterSurroundings.start();
        system = RunningSystem.start(cluster);
        system.createPool(RunningSystem.POOL, SLOTS, "");
        node = new NodeShell(cluster.client());
        queue = new TortureQueue(system.database(), NAMES, JOBS_PER_NAME, LENGTH_OF_A_JOB);
    }

    @AfterAll
    static void stop() {
        node.close();
        system.close();
    }

    static List<Fault> faults() {
        return Fault.all(system, cluster, node, System.getProperty("lab", ""), () -> OUTAGE, RANDOM);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void after_a_fault_all_has_run_once_and_in_order(Fault fault) throws Exception {
        story(fault.name(), fault.action());
    }

    @Test
    void PostgreSQL_is_restarted_twice() throws Exception {
        story("PostgreSQL was restarted twice", () -> {
            for (int i = 0; i < 2; i++) {
                pause(Duration.ofSeconds(5));
                system.postgres().restartImmediately();
            }
        });
    }

    @Test
    void the_operator_is_deleted_ten_times_soon_after_it_has_begun_to_lead_twice_without_grace() throws Exception {
        story("the operator was deleted ten times", () -> {
            for (int i = 0; i < 10; i++) {
                var leader = system.leader();
                pause(Duration.ofMillis(RANDOM.nextInt(2500)));
                if (i % 5 == 4) {
                    cluster.deleteOperatorPods("--grace-period=0", "--force");
                } else {
                    cluster.deleteOperatorPods();
                }
                eventually().until(() -> !List.of("", leader).contains(system.leader()));
            }
        });
    }

    private static void story(String name, Fault.Action fault) throws Exception {
        queue.submit();
        eventually().until(() -> !system.workerSessions().isEmpty());
        fault.happen();
        var over = Instant.now();
        var probe = "after " + name;
        eventually().atMost(PATIENCE).ignoreExceptions().until(() -> {
            system.submitEffect(probe);
            return true;
        });
        // An answer that was lost may have been that to a submit that took place.
        eventually().atMost(PATIENCE).ignoreExceptions().until(() -> system.effects(probe) > 0);
        System.out.printf(
                "%s: a new name ran %.1f s after it was over%n",
                name, Duration.between(over, Instant.now()).toMillis() / 1000.0);
        eventually().atMost(PATIENCE).ignoreExceptions().until(system::nothingWaits);
        queue.verify();
        eventually().until(() -> system.workerSessions().isEmpty());
        eventually().until(() -> system.pool(RunningSystem.POOL).getStatus().slotsInUse() == 0);
    }
}
