package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static dev.pgworkerpool.system.RunningSystem.pause;
import static org.assertj.core.api.Assertions.assertThat;

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

/**
 * Rounds of a torture queue, in each of which something goes wrong at a random moment. In the first half that may be anything; in
 * the second half only what an operator survives, so that its memory can be watched.
 */
@Tag("measurement")
class SoakIT {
    private static final Duration HALF =
            Duration.ofSeconds(Integer.getInteger("soak.seconds", 1200)).dividedBy(2);
    private static final long SEED = Long.getLong("soak.seed", System.nanoTime());
    private static final Duration LONGEST_ROUND = Duration.ofMinutes(5);
    private static final Duration LENGTH_OF_A_JOB = Duration.ofMillis(100);
    private static final int SHORTEST_SECONDS = 10;
    private static final int LONGEST_SECONDS = 30;
    private static final int NAMES = 4;
    /** Half a minute of work. 40 is what makes every tenth job of each submitter fail. */
    private static final int JOBS_PER_NAME = 40 * 7;

    private static final Random RANDOM = new Random(SEED);

    private static RunningSystem system;
    private static ClusterSurroundings cluster;
    private static NodeShell node;
    private static List<Fault> faults;
    private static TortureQueue queue;
    private static Measurement table;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        cluster = ClusterSurroundings.start();
        system = RunningSystem.start(cluster);
        node = new NodeShell(cluster.client());
        faults = Fault.all(system, cluster, node, System.getProperty("lab", ""), SoakIT::length, RANDOM);
        queue = new TortureQueue(system.database(), NAMES, JOBS_PER_NAME, LENGTH_OF_A_JOB);
    }

    @AfterAll
    static void stop() {
        node.close();
        system.close();
    }

    @Test
    void nothing_is_lost_or_done_twice_no_slot_leaks_and_memory_stays() throws Exception {
        table = new Measurement("soak", "A soak of %d s, -Dsoak.seed=%d".formatted(HALF.toSeconds() * 2, SEED))
                .head("fault", "round, s");
        rounds(faults);
        var survived = faults.stream().filter(fault -> !fault.endsOperator()).toList();
        var process = operatorProcess();
        try (var memory = new OperatorMemory(system, cluster)) {
            rounds(survived);
            assertThat(operatorProcess()).as("the operator's process").isEqualTo(process);
            table.text("Memory of the operator in the second half, MiB:")
                    .head("", "first quarter", "last quarter")
                    .row("resident (median)", memory.resident(0), memory.resident(3))
                    .row("heap after collection", memory.heapFloor(0), memory.heapFloor(3))
                    .write();
            assertThat(memory.heapFloor(3)).isLessThan(memory.heapFloor(0) * 1.1 + 4);
            assertThat(memory.resident(3)).isLessThan(memory.resident(0) * 1.1 + 8);
        }
    }

    private static Duration length() {
        return Duration.ofSeconds(RANDOM.nextInt(SHORTEST_SECONDS, LONGEST_SECONDS + 1));
    }

    private static void rounds(List<Fault> candidates) throws Exception {
        var end = Instant.now().plus(HALF);
        while (Instant.now().isBefore(end)) {
            var fault = candidates.get(RANDOM.nextInt(candidates.size()));
            var began = Instant.now();
            round(fault);
            var seconds = Duration.between(began, Instant.now()).toMillis() / 1000.0;
            System.out.printf("soak: %s: %.1f s%n", fault.name(), seconds);
            table.row(fault.name(), seconds);
        }
    }

    private static void round(Fault fault) throws Exception {
        queue.submit();
        eventually().until(() -> !system.runningPods().isEmpty());
        pause(Duration.ofMillis(RANDOM.nextInt(10_000)));
        fault.action().happen();
        eventually().atMost(LONGEST_ROUND).ignoreExceptions().until(system::nothingWaits);
        queue.verify();
        eventually().until(() -> system.workerSessions().isEmpty());
        eventually().atMost(LONGEST_ROUND).ignoreExceptions().until(SoakIT::allSlotsAreFree);
    }

    private static boolean allSlotsAreFree() throws Exception {
        return system.pool(RunningSystem.POOL).getStatus().slotsInUse() == 0
                && system.database()
                        .look("SELECT worker_name FROM worker_pool.worker WHERE job_name IS NOT NULL")
                        .isEmpty();
    }

    /** Another one after each of its restarts. */
    private static List<String> operatorProcess() {
        return cluster.operatorPods().stream()
                .map(pod -> pod.getMetadata().getName() + " "
                        + pod.getStatus().getContainerStatuses().getFirst().getRestartCount())
                .toList();
    }
}
