package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.LimitRangeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** What admission, scheduler and kubelet do to worker pods: the pool says so, and each job has its effect once. */
@Tag("cluster")
@Isolated("the node takes no pods for a while")
class SchedulingIT {
    /** Of which the worker keeps five for itself: the job has two to end. */
    private static final String SHORT_GRACE = "terminationGracePeriodSeconds: 7";

    private static ClusterSurroundings cluster;
    private static RunningSystem system;

    @BeforeAll
    static void start() throws Exception {
        cluster = ClusterSurroundings.start();
        system = RunningSystem.start(cluster);
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    @BeforeEach
    void beAsAtFirst() {
        workers("");
        system.awaitReady(RunningSystem.POOL);
    }

    /** A worker may run as long as it takes. */
    @AfterEach
    void noJobHasADeadline() {
        assertThat(system.jobs())
                .isNotEmpty()
                .allSatisfy(job ->
                        assertThat(job.getSpec().getActiveDeadlineSeconds()).isNull())
                .allSatisfy(
                        job -> assertThat(job.getSpec().getTemplate().getSpec().getActiveDeadlineSeconds())
                                .isNull());
    }

    @Test
    void workers_run_with_the_limits_of_the_namespace() throws Exception {
        withMaximumMemory("256Mi", "128Mi", () -> {
            system.submitEffect("limited");
            system.awaitEffects("limited", 1);
            assertThat(podOf("limited")
                            .getSpec()
                            .getContainers()
                            .getFirst()
                            .getResources()
                            .getLimits())
                    .containsEntry("memory", new Quantity("128Mi"));
        });
    }

    @Test
    void a_worker_that_wants_more_than_the_namespace_allows_is_told_and_runs_when_the_pool_asks_for_less()
            throws Exception {
        withMaximumMemory("256Mi", "128Mi", () -> {
            workers("resources: {limits: {memory: 1Gi}}");
            system.submitEffect("greedy");
            system.awaitReason("False WorkersNotStarting");
            assertThat(message())
                    .contains("worker \"greedy\": FailedCreate", "maximum memory usage per Container is 256Mi");
            workers("resources: {limits: {memory: 200Mi}}");
            system.awaitEffects("greedy", 1);
        });
    }

    @Test
    void a_job_on_a_drained_node_is_interrupted_and_runs_once_when_its_pod_has_a_node_again() throws Exception {
        var node = nodeOfPostgres();
        workers("%s, labels: {drained: %s}, nodeSelector: {kubernetes.io/hostname: %s}"
                .formatted(SHORT_GRACE, system.namespace(), hostname(node)));
        try (var blocker = system.block()) {
            system.submitBlocked("drained");
            system.awaitStatus("drained", "pending");
            try {
                // Nobody else's pods.
                cluster.kubectl("drain", node, "--pod-selector=drained=" + system.namespace(), "--timeout=60s");
                awaitEvent("drained", "EvictionByEvictionAPI");
                system.awaitReason("False WorkersNotStarting");
                assertThat(message()).contains("worker \"drained\": Unschedulable: ");
                assertThat(system.effects("drained")).isZero();
            } finally {
                cluster.kubectl("uncordon", node);
            }
        }
        system.awaitEffects("drained", 1);
        system.awaitAllEnded();
        assertThat(system.attempts("drained")).isEqualTo(2);
    }

    @Test
    void a_worker_with_too_little_memory_is_told_and_runs_when_it_has_more() throws Exception {
        workers("resources: {limits: {memory: 24Mi}}");
        system.submitEffect("hungry");
        awaitEvent("hungry", "OOMKilled");
        eventually().untilAsserted(() -> assertThat(message()).contains("worker \"hungry\": OOMKilled"));
        workers("resources: {limits: {memory: 200Mi}}");
        system.awaitEffects("hungry", 1);
        eventually().untilAsserted(() -> assertThat(message()).doesNotContain("hungry"));
    }

    @Test
    void the_job_of_a_pod_that_is_deleted_runs_again() throws Exception {
        workers(SHORT_GRACE);
        deletePodOf("deleted", "--grace-period=7", "--force=false");
    }

    @Test
    void the_job_of_a_pod_that_is_deleted_by_force_runs_again() throws Exception {
        deletePodOf("forced", "--grace-period=0", "--force=true");
    }

    private static void deletePodOf(String worker, String grace, String force) throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked(worker);
            system.awaitStatus(worker, "pending");
            var deleted = podOf(worker).getMetadata().getName();
            cluster.kubectl("delete", "pod", deleted, grace, force);
            eventually()
                    .until(() -> !podsOf(worker).isEmpty()
                            && !podOf(worker).getMetadata().getName().equals(deleted));
        }
        system.awaitEffects(worker, 1);
        system.awaitAllEnded();
        assertThat(system.attempts(worker)).isEqualTo(2);
    }

    private interface Story {
        void tell() throws Exception;
    }

    private static void withMaximumMemory(String maximum, String byDefault, Story story) throws Exception {
        var limits = system.client()
                .resource(new LimitRangeBuilder()
                        .withNewMetadata()
                        .withName("memory")
                        .withNamespace(system.namespace())
                        .endMetadata()
                        .withNewSpec()
                        .addNewLimit()
                        .withType("Container")
                        .withMax(Map.of("memory", new Quantity(maximum)))
                        .withDefault(Map.of("memory", new Quantity(byDefault)))
                        .endLimit()
                        .endSpec()
                        .build());
        limits.create();
        try {
            story.tell();
        } finally {
            limits.delete();
        }
    }

    /** Returns when the operator knows. */
    private static void workers(String spec) {
        system.createPool(RunningSystem.POOL, 8, "  worker: {" + spec + "}");
    }

    private static Pod podOf(String worker) {
        return podsOf(worker).getLast();
    }

    private static List<Pod> podsOf(String worker) {
        return system.workerPods().stream()
                .filter(pod -> pod.getMetadata().getName().startsWith(RunningSystem.POOL + "-" + worker))
                .toList();
    }

    private static String message() {
        return system.message(RunningSystem.POOL);
    }

    private static void awaitEvent(String worker, String word) {
        eventually()
                .alias("an Event that says " + word)
                .until(() -> system.events().stream()
                        .map(event -> String.valueOf(event.getNote()))
                        .anyMatch(note -> note.contains("worker \"" + worker + "\"") && note.contains(word)));
    }

    private static String nodeOfPostgres() {
        return system.client()
                .pods()
                .inNamespace(system.namespace())
                .withName("postgres")
                .get()
                .getSpec()
                .getNodeName();
    }

    private static String hostname(String node) {
        return system.client()
                .nodes()
                .withName(node)
                .get()
                .getMetadata()
                .getLabels()
                .get("kubernetes.io/hostname");
    }
}
