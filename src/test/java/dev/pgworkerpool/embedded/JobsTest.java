package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kubernetes Jobs, from their creation to the end of their processes and beyond. */
class JobsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    static Path dir;

    static EmbeddedCluster cluster;
    static KubernetesClient client;

    @BeforeAll
    static void start() {
        cluster = EmbeddedCluster.start(dir, NodeImage.asIs());
        client = cluster.client();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @AfterEach
    void removeEverything() {
        client.batch()
                .v1()
                .jobs()
                .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                .delete();
        client.pods().withGracePeriod(0).delete();
        eventually(() -> client.pods().list().getItems().isEmpty());
    }

    @Test
    void a_job_whose_process_ends_well_is_complete() {
        create("well", "echo hello");
        var job = await("well", this::isFinished);
        assertThat(conditions(job)).containsExactlyInAnyOrder("SuccessCriteriaMet", "Complete");
        assertThat(job.getStatus().getSucceeded()).isEqualTo(1);
        assertThat(job.getStatus().getActive()).isNull();
        assertThat(job.getStatus().getCompletionTime()).isNotNull();
        var pod = podOf("well");
        assertThat(pod.getStatus().getPhase()).isEqualTo("Succeeded");
        assertThat(pod.getMetadata().getName()).matches("well-[a-z0-9]{5}");
        assertThat(pod.getMetadata().getFinalizers()).isEmpty();
        assertThat(pod.getMetadata().getLabels())
                .containsEntry("job-name", "well")
                .containsEntry("batch.kubernetes.io/job-name", "well")
                .containsEntry(
                        "batch.kubernetes.io/controller-uid", job.getMetadata().getUid());
        assertThat(client.pods().withName(pod.getMetadata().getName()).getLog()).isEqualTo("hello\n");
    }

    @Test
    void a_job_whose_process_fails_says_how_it_ended() {
        create("badly", "echo the reason; exit 12");
        var job = await("badly", this::isFinished);
        assertThat(conditions(job)).containsExactlyInAnyOrder("FailureTarget", "Failed");
        assertThat(job.getStatus().getConditions())
                .allSatisfy(condition -> assertThat(condition.getReason()).isEqualTo("BackoffLimitExceeded"));
        var ended = terminated(podOf("badly"));
        assertThat(ended.getExitCode()).isEqualTo(12);
        assertThat(ended.getReason()).isEqualTo("Error");
        assertThat(ended.getMessage()).isEqualTo("the reason\n");
    }

    @Test
    void a_process_that_needs_too_much_memory_is_said_to_have_been_killed_for_that() {
        create("large", "exec sleep 1000");
        cluster.node().killForMemory("default", runningPodOf("large"));
        await("large", this::isFinished);
        assertThat(terminated(podOf("large")).getReason()).isEqualTo("OOMKilled");
        assertThat(terminated(podOf("large")).getExitCode()).isEqualTo(137);
    }

    @Test
    void a_killed_process_fails_its_job() {
        create("killed", "exec sleep 1000");
        cluster.node().processOf("default", runningPodOf("killed")).destroyForcibly();
        await("killed", this::isFinished);
        assertThat(terminated(podOf("killed")).getExitCode()).isEqualTo(137);
    }

    @Test
    void a_deleted_pod_may_end_in_peace_and_then_its_job_has_failed() {
        create("asked", "trap 'echo bye; exit 13' TERM; echo up; while :; do sleep 0.1; done");
        var pod = runningPodOf("asked");
        eventually(() -> client.pods().withName(pod).getLog().contains("up"));
        client.pods().withName(pod).delete();
        var job = await("asked", this::isFinished);
        assertThat(job.getStatus().getFailed()).isEqualTo(1);
        eventually(() -> client.pods().withName(pod).get() == null);
        assertThat(phases(pod)).containsSubsequence("Pending", "Running", "Failed");
    }

    @Test
    void a_process_that_does_not_listen_is_killed_after_the_grace_period() {
        create("deaf", "trap '' TERM; echo up; while :; do sleep 0.1; done");
        var pod = runningPodOf("deaf");
        eventually(() -> client.pods().withName(pod).getLog().contains("up"));
        var process = cluster.node().processOf("default", pod);
        client.pods().withName(pod).withGracePeriod(1).delete();
        eventually(() -> !process.isAlive());
        assertThat(process.exitValue()).isEqualTo(137);
        eventually(() -> client.pods().withName(pod).get() == null);
    }

    @Test
    void deleting_a_job_in_the_background_ends_its_process() {
        create("dropped", "exec sleep 1000");
        var process = cluster.node().processOf("default", runningPodOf("dropped"));
        client.batch()
                .v1()
                .jobs()
                .withName("dropped")
                .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                .delete();
        eventually(() -> !process.isAlive() && podsOf("dropped").isEmpty());
    }

    @Test
    void deleting_a_job_in_the_foreground_keeps_it_until_its_pods_are_gone() {
        create("patient", "trap '' TERM; exec sleep 2");
        runningPodOf("patient");
        client.batch()
                .v1()
                .jobs()
                .withName("patient")
                .withPropagationPolicy(DeletionPropagation.FOREGROUND)
                .delete();
        assertThat(client.batch()
                        .v1()
                        .jobs()
                        .withName("patient")
                        .get()
                        .getMetadata()
                        .getFinalizers())
                .containsExactly("foregroundDeletion");
        eventually(() -> client.batch().v1().jobs().withName("patient").get() == null);
        assertThat(podsOf("patient")).isEmpty();
    }

    @Test
    void the_pods_of_a_job_can_outlive_it() {
        create("orphaning", "exec sleep 1000");
        var pod = runningPodOf("orphaning");
        client.batch()
                .v1()
                .jobs()
                .withName("orphaning")
                .withPropagationPolicy(DeletionPropagation.ORPHAN)
                .delete();
        eventually(() -> client.batch().v1().jobs().withName("orphaning").get() == null);
        var orphan = client.pods().withName(pod).get();
        assertThat(orphan.getMetadata().getOwnerReferences()).isEmpty();
        assertThat(orphan.getMetadata().getDeletionTimestamp()).isNull();
    }

    @Test
    void a_finished_job_goes_after_its_time_to_live() {
        create("brief", "true", "ttlSecondsAfterFinished: 1");
        eventually(() -> client.batch().v1().jobs().withName("brief").get() == null);
        eventually(() -> podsOf("brief").isEmpty());
    }

    @Test
    void a_suspended_job_starts_when_it_is_resumed() {
        create("later", "true", "suspend: true");
        await("later", job -> conditions(job).contains("Suspended"));
        assertThat(podsOf("later")).isEmpty();
        client.batch().v1().jobs().withName("later").edit(job -> {
            job.getSpec().setSuspend(false);
            return job;
        });
        assertThat(conditions(await("later", this::isFinished))).contains("Complete");
    }

    @Test
    void a_job_that_takes_too_long_fails() {
        create("slow", "exec sleep 1000", "activeDeadlineSeconds: 1");
        var job = await("slow", this::isFinished);
        assertThat(job.getStatus().getConditions())
                .last()
                .satisfies(condition -> assertThat(condition.getReason()).isEqualTo("DeadlineExceeded"));
    }

    @Test
    void the_template_of_a_job_cannot_be_changed() {
        create("fixed", "exec sleep 1000");
        var change = "{\"spec\":{\"template\":{\"spec\":{\"restartPolicy\":\"OnFailure\"}}}}";
        assertThatThrownBy(() -> client.batch()
                        .v1()
                        .jobs()
                        .withName("fixed")
                        .patch(PatchContext.of(PatchType.JSON_MERGE), change))
                .isInstanceOf(KubernetesClientException.class)
                .hasMessageContaining("field is immutable");
    }

    @Test
    void environment_and_volumes_reach_the_process() {
        secret("login", Map.of("username", "alice", "password", "secret"));
        client.resource("""
            apiVersion: batch/v1
            kind: Job
            metadata: {name: furnished, namespace: default}
            spec:
              backoffLimit: 0
              template:
                metadata: {annotations: {example.dev/worker: "näme with 'quotes'"}}
                spec:
                  restartPolicy: Never
                  volumes:
                  - name: credentials
                    projected:
                      sources:
                      - secret: {name: login, items: [{key: username, path: logins/0/username}]}
                      - secret: {name: missing, optional: true}
                  containers:
                  - name: main
                    image: none
                    command: [sh, -c, 'echo "$A|$B|$C|$D"; cat "$FOLDER/0/username"']
                    env:
                    - {name: A, value: a}
                    - {name: B, value: '$(A)b $$(A) $(Z)'}
                    - {name: C, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['example.dev/worker']"}}}
                    - {name: D, valueFrom: {secretKeyRef: {name: login, key: password}}}
                    - {name: FOLDER, value: /etc/credentials/logins}
                    volumeMounts: [{name: credentials, mountPath: /etc/credentials}]
            """).create();
        await("furnished", this::isFinished);
        assertThat(client.pods()
                        .withName(podOf("furnished").getMetadata().getName())
                        .getLog())
                .isEqualTo("a|ab $(A) $(Z)|näme with 'quotes'|secret\nalice");
    }

    @Test
    void a_pod_waits_for_a_secret_that_it_needs() {
        createMounting("needy", "late-secret", "cat $FOLDER/key");
        eventually(() -> events().contains("FailedMount"));
        assertThat(podOf("needy")
                        .getStatus()
                        .getContainerStatuses()
                        .getFirst()
                        .getState()
                        .getWaiting()
                        .getReason())
                .isEqualTo("ContainerCreating");
        secret("late-secret", Map.of("key", "here"));
        await("needy", this::isFinished);
        assertThat(client.pods()
                        .withName(podOf("needy").getMetadata().getName())
                        .getLog())
                .isEqualTo("here");
    }

    @Test
    void a_secret_that_changes_changes_in_the_pod() {
        secret("moving", Map.of("key", "old"));
        createMounting("watching", "moving", "while ! grep new $FOLDER/key; do sleep 0.1; done");
        runningPodOf("watching");
        secret("moving", Map.of("key", "new"));
        assertThat(conditions(await("watching", this::isFinished))).contains("Complete");
    }

    @Test
    void an_image_that_does_not_exist_keeps_the_pod_waiting() {
        client.resource(job("imageless", "true", "").replace("image: none", "image: registry/does-not-exist:1"))
                .create();
        eventually(() -> waitingReasons("imageless").contains("ErrImagePull"));
        eventually(() -> waitingReasons("imageless").contains("ImagePullBackOff"));
    }

    @Test
    void a_pod_waits_while_no_node_takes_it() {
        cordon(true);
        create("homeless", "true");
        eventually(() -> events().contains("FailedScheduling"));
        assertThat(podOf("homeless").getStatus().getPhase()).isEqualTo("Pending");
        cordon(false);
        await("homeless", this::isFinished);
    }

    @Test
    void a_job_waits_for_room_in_the_quota() {
        var quota = client.resource("""
            apiVersion: v1
            kind: ResourceQuota
            metadata: {name: none, namespace: default}
            spec: {hard: {pods: "0"}}
            """);
        quota.create();
        create("crowded", "true");
        eventually(() -> events().contains("FailedCreate"));
        assertThat(podsOf("crowded")).isEmpty();
        quota.delete();
        await("crowded", this::isFinished);
    }

    @Test
    void a_node_that_is_away_reports_when_it_is_back() {
        create("unseen", "exec sleep 1000");
        var pod = runningPodOf("unseen");
        cluster.node().stop();
        cluster.node().processOf("default", pod).destroyForcibly();
        create("waiting", "true");
        Awaitility.await().during(Duration.ofMillis(500)).atMost(PATIENCE).until(() -> !isFinished(get("unseen")));
        cluster.node().start();
        await("unseen", this::isFinished);
        await("waiting", this::isFinished);
    }

    @Test
    void the_pods_of_a_node_that_crashed_have_failed() {
        create("unlucky", "exec sleep 1000");
        runningPodOf("unlucky");
        cluster.node().crash();
        cluster.node().start();
        assertThat(conditions(await("unlucky", this::isFinished))).contains("Failed");
    }

    @Test
    void the_API_goes_and_comes_back_with_all_objects() {
        create("surviving", "exec sleep 1");
        runningPodOf("surviving");
        cluster.stopApi();
        assertThatThrownBy(() -> cluster.url().toURL().openStream()).isInstanceOf(ConnectException.class);
        cluster.startApi();
        await("surviving", this::isFinished);
    }

    @Test
    void the_history_tells_how_many_pods_ran_at_once() {
        create("one", "true");
        await("one", this::isFinished);
        var pod = podOf("one").getMetadata().getName();
        assertThat(phases(pod)).startsWith("Pending").contains("Running").endsWith("Succeeded");
        assertThat(cluster.history())
                .extracting(Change::resourceVersion)
                .isSorted()
                .doesNotHaveDuplicates();
    }

    private static void create(String name, String script, String... more) {
        client.resource(job(name, script, String.join("\n  ", more))).create();
    }

    private static String job(String name, String script, String more) {
        return """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: %s, namespace: default}
            spec:
              backoffLimit: 0
              podReplacementPolicy: Failed
              %s
              template:
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 10
                  containers:
                  - name: main
                    image: none
                    terminationMessagePolicy: FallbackToLogsOnError
                    command: [sh, -c, "%s"]
            """.formatted(name, more, script);
    }

    private static void createMounting(String name, String secret, String script) {
        client.resource("""
            apiVersion: batch/v1
            kind: Job
            metadata: {name: %s, namespace: default}
            spec:
              backoffLimit: 0
              template:
                spec:
                  restartPolicy: Never
                  volumes: [{name: files, secret: {secretName: %s}}]
                  containers:
                  - name: main
                    image: none
                    command: [sh, -c, "%s"]
                    env: [{name: FOLDER, value: /files}]
                    volumeMounts: [{name: files, mountPath: /files}]
            """.formatted(name, secret, script)).create();
    }

    private static void secret(String name, Map<String, String> values) {
        client.resource(new SecretBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace("default")
                        .endMetadata()
                        .withStringData(values)
                        .build())
                .serverSideApply();
    }

    private static void cordon(boolean unschedulable) {
        client.nodes()
                .withName(EmbeddedNode.NAME)
                .edit(node -> new NodeBuilder(node)
                        .editOrNewSpec()
                        .withUnschedulable(unschedulable)
                        .endSpec()
                        .build());
    }

    private static void eventually(Callable<Boolean> condition) {
        Awaitility.await().atMost(PATIENCE).until(condition);
    }

    private static Job get(String name) {
        return client.batch().v1().jobs().withName(name).get();
    }

    private static Job await(String name, Predicate<Job> condition) {
        return client.batch()
                .v1()
                .jobs()
                .withName(name)
                .waitUntilCondition(job -> job != null && condition.test(job), PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private boolean isFinished(Job job) {
        return conditions(job).contains("Complete") || conditions(job).contains("Failed");
    }

    private static Set<String> conditions(Job job) {
        return job.getStatus() == null
                ? Set.of()
                : job.getStatus().getConditions().stream()
                        .filter(condition -> condition.getStatus().equals("True"))
                        .map(condition -> condition.getType())
                        .collect(Collectors.toSet());
    }

    private static List<Pod> podsOf(String job) {
        return client.pods().withLabel("job-name", job).list().getItems();
    }

    private static Pod podOf(String job) {
        eventually(() -> podsOf(job).size() == 1);
        return podsOf(job).getFirst();
    }

    private static String runningPodOf(String job) {
        eventually(() -> podOf(job).getStatus().getPhase().equals("Running"));
        return podOf(job).getMetadata().getName();
    }

    private static ContainerStateTerminated terminated(Pod pod) {
        return pod.getStatus().getContainerStatuses().getFirst().getState().getTerminated();
    }

    private static List<String> events() {
        return client.v1().events().list().getItems().stream()
                .map(Event::getReason)
                .toList();
    }

    private static List<String> waitingReasons(String job) {
        return podOf(job).getStatus().getContainerStatuses().stream()
                .map(container -> container.getState().getWaiting().getReason())
                .toList();
    }

    private static List<String> phases(String pod) {
        return cluster.history().stream()
                .filter(change -> change.kind().equals("Pod") && change.name().equals(pod))
                .map(Change::podPhase)
                .toList();
    }
}
