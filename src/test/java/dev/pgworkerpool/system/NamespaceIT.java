package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.BLOCKED;
import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How the product comes into a namespace, is replaced by its next version, and goes again. */
@Tag("cluster")
class NamespaceIT {
    private static final Duration A_MINUTE = Duration.ofSeconds(60);

    private ClusterSurroundings cluster;
    private RunningSystem system;
    private List<String> before;

    @BeforeEach
    void start() throws Exception {
        cluster = ClusterSurroundings.withoutOperator();
        before = cluster.everything();
        cluster.make("deploy", cluster.workerImage());
        system = RunningSystem.start(cluster);
        // A worker keeps five seconds of its grace for itself: a job that is blocked has two to end.
        system.createPool(RunningSystem.POOL, 8, "  worker: {terminationGracePeriodSeconds: 7}");
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void an_upgrade_leaves_a_running_job_alone_and_the_next_turn_has_the_new_image() throws Exception {
        var next = System.getProperty("image.next", cluster.workerImage());
        Pod worker;
        try (var blocker = system.block()) {
            system.submitBlocked("upgraded");
            system.awaitStatus("upgraded", "pending");
            worker = system.workerPods().getFirst();
            var operator = operatorPods();
            if (next.equals(cluster.workerImage())) {
                cluster.kubectl("rollout", "restart", "deployment/pg-worker-pool-operator");
                cluster.kubectl("rollout", "status", "--timeout=120s", "deployment/pg-worker-pool-operator");
            } else {
                cluster.make("deploy", next);
            }
            eventually()
                    .until(() -> operatorPods().size() == 1 && !operatorPods().equals(operator));
            system.submitEffect("after the upgrade");
            system.awaitEffects("after the upgrade", 1);
            assertThat(system.effects("upgraded")).isZero();
        }
        system.awaitEffects("upgraded", 1);
        assertThat(system.attempts("upgraded")).isEqualTo(1);
        var uid = worker.getMetadata().getUid();
        assertThat(system.workerPods())
                .extracting(pod -> pod.getMetadata().getUid())
                .contains(uid);
        assertThat(system.workerPods())
                .filteredOn(pod -> !pod.getMetadata().getUid().equals(uid))
                .singleElement()
                .satisfies(pod -> assertThat(
                                pod.getSpec().getContainers().getFirst().getImage())
                        .isEqualTo(next));
    }

    @Test
    void undeploy_leaves_nothing_behind_and_the_CRDs_to_others() throws Exception {
        var others = createNamespace(system.namespace() + "-others");
        try {
            system.client()
                    .resource(system.poolYaml("theirs", 1, ""))
                    .inNamespace(others.getMetadata().getName())
                    .create();
            system.submitEffect("ended");
            system.awaitEffects("ended", 1);
            try (var blocker = system.block()) {
                createBlockedWorkerJob();
                assertThat(cluster.make("undeploy", cluster.workerImage())).contains("The CRDs stay");
            }
            // What the users of the pool brought.
            cluster.kubectl("delete", "secret", "operator", "alice", "bob");
            eventually().untilAsserted(() -> assertThat(cluster.everything()).isEqualTo(before));
            assertThat(system.client()
                            .resources(WorkerPool.class)
                            .inNamespace(others.getMetadata().getName())
                            .list()
                            .getItems())
                    .hasSize(1);
        } finally {
            system.client().resource(others).delete();
        }
    }

    @Test
    void a_namespace_goes_with_all_that_runs_in_it() throws Exception {
        try (var blocker = system.block()) {
            createBlockedWorkerJob();
            system.client().namespaces().withName(system.namespace()).delete();
            await().atMost(A_MINUTE)
                    .until(() -> system.client()
                                    .namespaces()
                                    .withName(system.namespace())
                                    .get()
                            == null);
        }
    }

    /** Returns when its statement runs. */
    private void createBlockedWorkerJob() {
        system.apply("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerJob
                metadata: {name: unended}
                spec: {poolRef: {name: library}, worker: unended, role: alice, statements: [%s, SELECT 2]}
                """.formatted(BLOCKED));
        system.awaitStatus("unended", "pending");
    }

    private Namespace createNamespace(String name) {
        return system.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .create();
    }

    private List<String> operatorPods() throws IOException {
        return cluster.kubectl("get", "pods", "-o", "name", "-l", "app.kubernetes.io/name=pg-worker-pool-operator")
                .lines()
                .toList();
    }
}
