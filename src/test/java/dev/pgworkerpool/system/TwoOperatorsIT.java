package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two replicas of the operator: one works, the other takes over, and nobody notices but by a short wait. */
@Tag("cluster")
class TwoOperatorsIT {
    private static final int SLOTS = 4;
    /** How long a lease lasts that nobody renews. */
    private static final Duration LEASE = Duration.ofSeconds(15);

    private static Duration lastTakeOver = Duration.ZERO;
    private static RunningSystem system;
    private static ClusterSurroundings cluster;
    private static NodeShell node;
    private static PodHistory history;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        cluster = ClusterSurroundings.start();
        system = RunningSystem.start(cluster);
        node = new NodeShell(cluster.client());
        history = new PodHistory(cluster.client(), cluster.namespace());
        system.createPool(RunningSystem.POOL, SLOTS, "");
        cluster.scaleOperator(2);
    }

    @AfterAll
    static void stop() {
        history.close();
        node.close();
        system.close();
    }

    @BeforeEach
    void both_are_there() {
        eventually().until(() -> operators().size() == 2 && operators().stream().allMatch(TwoOperatorsIT::isReady));
        eventually().until(() -> operators().stream().anyMatch(TwoOperatorsIT::leads));
    }

    @Test
    void a_leader_that_is_stopped_hands_over_at_once() throws Exception {
        takeOver("stopped", leader -> cluster.client().resource(leader).delete());
        assertThat(lastTakeOver).as("the lease was given back, not waited for").isLessThan(LEASE);
    }

    @Test
    void a_leader_that_is_killed_is_replaced_when_its_lease_ends() throws Exception {
        takeOver("killed", leader -> node.signal(leader, "java", "KILL"));
    }

    @Test
    void a_leader_that_was_frozen_finds_its_place_taken_and_ends() throws Exception {
        var leader = takeOver("frozen", frozen -> node.signal(frozen, "java", "STOP"));
        node.signal(leader, "java", "CONT");
        eventually().until(() -> isGone(leader) || restarts(leader) > restartsIn(leader));
        assertThat(operators().stream().filter(TwoOperatorsIT::leads))
                .hasSize(1)
                .noneMatch(pod ->
                        pod.getMetadata().getName().equals(leader.getMetadata().getName()));
    }

    private interface Fault {
        void happen(Pod leader) throws IOException;
    }

    /** While more names wait than there are slots. Returns the old leader. */
    private static Pod takeOver(String how, Fault fault) throws Exception {
        var queue = new TortureQueue(system.database(), 8, 40, Duration.ofMillis(100));
        queue.submit();
        eventually().until(() -> !system.workerSessions().isEmpty());
        var leader =
                operators().stream().filter(TwoOperatorsIT::leads).findFirst().orElseThrow();
        var before = system.leader();
        var start = Instant.now();
        fault.happen(leader);
        system.submitEffect("while " + how);
        eventually()
                .pollInterval(Duration.ofMillis(50))
                .until(() -> !system.leader().isEmpty() && !system.leader().equals(before));
        lastTakeOver = Duration.between(start, Instant.now());
        System.out.printf("leader %s: the other one leads after %.1f s%n", how, lastTakeOver.toMillis() / 1000.0);
        system.awaitEffects("while " + how, 1);
        system.awaitAllEnded();
        queue.verify();
        assertThat(history.mostLivePods()).hasSizeLessThanOrEqualTo(SLOTS);
        assertThat(history.jobs()).doesNotHaveDuplicates();
        return leader;
    }

    private static List<Pod> operators() {
        return cluster.operatorPods();
    }

    private static boolean leads(Pod pod) {
        return system.leader().startsWith(pod.getMetadata().getName() + "_");
    }

    private static boolean isReady(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() == null
                && !pod.getStatus().getContainerStatuses().isEmpty()
                && pod.getStatus().getContainerStatuses().stream().allMatch(status -> status.getReady());
    }

    private static boolean isGone(Pod pod) {
        return cluster.client().resource(pod).get() == null;
    }

    private static int restarts(Pod pod) {
        return restartsIn(cluster.client().resource(pod).get());
    }

    private static int restartsIn(Pod seen) {
        return seen.getStatus().getContainerStatuses().getFirst().getRestartCount();
    }
}
