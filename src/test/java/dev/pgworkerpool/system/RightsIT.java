package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.POOL;
import static dev.pgworkerpool.system.RunningSystem.effect;
import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import dev.pgworkerpool.system.OperatorRights.Right;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The operator has the rights that it needs, and no other: each verb is taken away by itself, and something no longer works. */
@Tag("cluster")
class RightsIT {
    private static final String ROLE = "pg-worker-pool-operator";
    private static final String LEADER = "pg-worker-pool-operator-leader";
    private static final String OURS = "pgworkerpool.dev";

    /** A line of {@code kubectl auth can-i --list}: resource, URLs, names of objects, verbs. */
    private static final Pattern LISTED = Pattern.compile("(?m)^(\\S*) +\\[(.*?)] +\\[(.*?)] +\\[(.*?)]$");

    private static ClusterSurroundings cluster;
    private static RunningSystem system;
    private static OperatorRights rights;
    private static QueueDatabase imageless;

    /** One verb, and what a user sees without it. */
    private record Row(Right right, Symptom symptom) {
        Row(String role, String apiGroup, String resource, String verb, Symptom symptom) {
            this(new Right(role, apiGroup, resource, verb), symptom);
        }

        @Override
        public String toString() {
            return "without " + right;
        }
    }

    private interface Symptom {
        /** Returns when it was seen. */
        Recovery show(Right missing) throws Exception;
    }

    private interface Recovery {
        /** Returns when that works again which did not. */
        void show() throws Exception;
    }

    /**
     * The order saves time. The two workers that can't start have to grow old before the operator does something about them; they do
     * so while it does not start.
     */
    static List<Row> rows() {
        return List.of(
                new Row(ROLE, OURS, "workerpools", "list", RightsIT::the_operator_does_not_start),
                new Row(ROLE, OURS, "workerpools", "watch", RightsIT::the_operator_does_not_start),
                new Row(ROLE, OURS, "workerjobs", "list", RightsIT::the_operator_does_not_start),
                new Row(ROLE, OURS, "workerjobs", "watch", RightsIT::the_operator_does_not_start),
                new Row(ROLE, "batch", "jobs", "list", RightsIT::the_operator_does_not_start),
                new Row(ROLE, "batch", "jobs", "watch", RightsIT::the_operator_does_not_start),
                new Row(ROLE, "", "pods", "list", RightsIT::the_operator_does_not_start),
                new Row(ROLE, "", "pods", "watch", RightsIT::the_operator_does_not_start),
                new Row(LEADER, "coordination.k8s.io", "leases", "create", RightsIT::the_operator_does_not_start),
                new Row(LEADER, "coordination.k8s.io", "leases", "get", RightsIT::the_operator_does_not_start),
                new Row(LEADER, "coordination.k8s.io", "leases", "update", RightsIT::the_operator_does_not_start),
                new Row(ROLE, "batch", "jobs", "delete", RightsIT::a_worker_without_an_image_holds_its_slot),
                new Row(ROLE, "events.k8s.io", "events", "list", RightsIT::a_worker_without_a_pod_does_not_say_why),
                new Row(ROLE, "events.k8s.io", "events", "create", RightsIT::there_are_no_Events),
                new Row(ROLE, "events.k8s.io", "events", "get", RightsIT::an_Event_that_comes_again_is_not_counted),
                new Row(ROLE, "events.k8s.io", "events", "patch", RightsIT::an_Event_that_comes_again_is_not_counted),
                new Row(ROLE, OURS, "workerpools/status", "patch", RightsIT::a_pool_never_says_whether_it_is_ready),
                new Row(ROLE, OURS, "workerjobs/status", "patch", RightsIT::a_WorkerJob_runs_and_never_says_so),
                new Row(ROLE, OURS, "workerjobs", "delete", RightsIT::an_ended_WorkerJob_stays),
                new Row(ROLE, "batch", "jobs", "create", RightsIT::no_worker_starts),
                new Row(
                        ROLE,
                        "batch",
                        "jobs",
                        "get",
                        RightsIT::a_pool_stands_still_after_a_Job_and_its_pod_were_deleted),
                new Row(ROLE, "", "secrets", "get", RightsIT::no_pool_can_log_in),
                new Row(LEADER, "coordination.k8s.io", "leases", "patch", RightsIT::the_leader_ends));
    }

    @BeforeAll
    static void start() throws Exception {
        cluster = ClusterSurroundings.start();
        system = RunningSystem.start(cluster);
        rights = new OperatorRights(cluster);
        for (var verb : List.of("get", "patch")) {
            miss("without-" + verb);
            miss("with-" + verb);
        }
        system.apply("""
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: no-licences}
                spec: {hard: {requests.example.com/licence: "0"}}
                """);
        imageless = startPool("imageless", "image: does-not-exist");
        startPool("podless", "resources: {limits: {example.com/licence: 1}}");
        cluster.stopOperator();
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    @Test
    void there_is_a_row_for_each_verb_of_the_Roles() throws Exception {
        assertThat(rows()).extracting(Row::right).containsExactlyInAnyOrderElementsOf(OperatorRights.ofFiles());
    }

    @Test
    void kubectl_lists_the_verbs_of_the_Roles_and_what_everybody_has() throws Exception {
        var listed = LISTED.matcher(cluster.kubectl("auth", "can-i", "--list", "--as=" + rights.account()))
                .results()
                .toList();
        assertThat(listed).allSatisfy(line -> assertThat(line.group(3)).isEmpty());
        assertThat(listed)
                .filteredOn(line -> line.group(1).isEmpty())
                .allSatisfy(line -> assertThat(line.group(4)).isEqualTo("get"));
        assertThat(listed.stream()
                        .filter(line -> !line.group(1).isEmpty())
                        .flatMap(line -> Stream.of(line.group(4).split(" ")).map(verb -> verb + " " + line.group(1))))
                .containsExactlyInAnyOrderElementsOf(Stream.concat(
                                rows().stream().map(row -> row.right.toString()),
                                Stream.of(
                                        "create selfsubjectaccessreviews.authorization.k8s.io",
                                        "create selfsubjectrulesreviews.authorization.k8s.io",
                                        "create selfsubjectreviews.authentication.k8s.io"))
                        .toList());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void each_verb_is_needed(Row row) throws Exception {
        Recovery recovery;
        rights.takeAway(row.right);
        try {
            recovery = row.symptom.show(row.right);
        } finally {
            rights.putBack(row.right);
        }
        recovery.show();
    }

    /** That it does with all its rights is shown by the first row after these. */
    private static Recovery the_operator_does_not_start(Right missing) {
        cluster.scaleOperator(1);
        try {
            eventually().until(() -> howItEnded().isPresent());
            assertThat(howItEnded().orElseThrow().getExitCode()).isNotZero();
            awaitLogLine(refusalAtStart(missing));
        } finally {
            cluster.killOperator();
        }
        return () -> {};
    }

    /** Java Operator SDK asks for all that it needs of leases at once, and of a refused watch it tells the URL. */
    private static String[] refusalAtStart(Right missing) {
        if (missing.resource().equals("leases")) {
            return new String[] {"No permission to lease resource"};
        }
        return missing.verb().equals("watch")
                ? new String[] {"Received 403 on websocket", "/" + missing.resource() + "?"}
                : new String[] {missing.refusal()};
    }

    private static Recovery a_worker_without_an_image_holds_its_slot(Right missing) throws Exception {
        cluster.startOperator();
        awaitLogLine("WorkerPool %s/imageless: Job imageless-first-".formatted(system.namespace()), missing.refusal());
        assertThat(imageless.look("SELECT reason FROM worker_pool.queue WHERE worker_name = 'second'"))
                .containsExactly("WaitingForSlot");
        return () -> {
            eventually()
                    .until(() -> imageless
                            .look("SELECT reason FROM worker_pool.queue WHERE worker_name = 'second'")
                            .equals(List.of("Starting")));
            system.pools().withName("imageless").delete();
        };
    }

    private static Recovery a_worker_without_a_pod_does_not_say_why(Right missing) throws Exception {
        cluster.deleteOperatorPods();
        eventually()
                .untilAsserted(() -> assertThat(system.message("podless"))
                        .contains("its Kubernetes Job has no pod, and why is not known", missing.refusal()));
        return () -> {
            cluster.deleteOperatorPods();
            eventually()
                    .untilAsserted(() -> assertThat(system.message("podless"))
                            .contains("FailedCreate", "exceeded quota: no-licences"));
            system.pools().withName("podless").delete();
        };
    }

    private static Recovery there_are_no_Events(Right missing) throws Exception {
        miss("without-create");
        assertThat(timesTold("without-create")).isZero();
        return () -> {
            miss("with-create");
            assertThat(timesTold("with-create")).isEqualTo(1);
        };
    }

    /** The operator was started since it told them first: else it would keep them to itself for ten seconds. */
    private static Recovery an_Event_that_comes_again_is_not_counted(Right missing) throws Exception {
        miss("without-" + missing.verb());
        assertThat(timesTold("without-" + missing.verb())).isEqualTo(1);
        return () -> {
            miss("with-" + missing.verb());
            assertThat(timesTold("with-" + missing.verb())).isEqualTo(2);
        };
    }

    private static Recovery a_pool_never_says_whether_it_is_ready(Right missing) throws Exception {
        cluster.kubectl("delete", "wp", POOL);
        system.apply(system.poolYaml(POOL, 8, ""));
        system.submitEffect("unready");
        system.awaitEffects("unready", 1);
        awaitLogLine("/library: its status is not written", missing.refusal());
        assertThat(row("wp", POOL)).matches("library \\d+s");
        return () -> system.awaitReady(POOL);
    }

    private static Recovery a_WorkerJob_runs_and_never_says_so(Right missing) throws Exception {
        createWorkerJob("silent", "");
        system.awaitEffects("silent", 1);
        awaitLogLine("/silent: ", missing.refusal());
        assertThat(row("wj", "silent")).matches("silent silent \\d+s");
        return () -> cluster.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "wj/silent");
    }

    private static Recovery an_ended_WorkerJob_stays(Right missing) throws Exception {
        createWorkerJob("staying", "ttlSecondsAfterFinished: 0");
        awaitLogLine("/staying: ", missing.refusal());
        assertThat(row("wj", "staying")).matches("staying staying Succeeded 1/1 Succeeded \\d+s");
        return () -> cluster.kubectl("wait", "--for=delete", "--timeout=60s", "wj/staying");
    }

    private static Recovery no_worker_starts(Right missing) throws Exception {
        system.submitEffect("unstarted");
        system.awaitReason("False WorkersNotStarting");
        assertThat(system.message(POOL)).contains("worker \"unstarted\"", missing.refusal());
        assertThat(system.effects("unstarted")).isZero();
        return () -> system.awaitEffects("unstarted", 1);
    }

    /** By force: else the operator sees its pod end. */
    private static Recovery a_pool_stands_still_after_a_Job_and_its_pod_were_deleted(Right missing) throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked("gone");
            system.awaitStatus("gone", "pending");
            cluster.kubectl(
                    "delete",
                    "--force",
                    "--grace-period=0",
                    "job/" + nameOf("library-gone", system.jobs()),
                    "pod/" + nameOf("library-gone", system.workerPods()));
            system.awaitReason("False KubernetesError");
        }
        assertThat(system.message(POOL)).contains(missing.refusal());
        system.submitEffect("behind it");
        awaitAnotherPass();
        assertThat(names(system.jobs())).noneMatch(name -> name.startsWith("library-behind-it"));
        return () -> {
            system.awaitEffects("behind it", 1);
            system.awaitEffects("gone", 1);
        };
    }

    private static Recovery no_pool_can_log_in(Right missing) {
        system.createPool(POOL, 7, "");
        system.awaitReason("False KubernetesError");
        assertThat(system.message(POOL)).contains("secrets \"operator\" is forbidden", missing.refusal());
        return () -> system.awaitReady(POOL);
    }

    private static Recovery the_leader_ends(Right missing) throws Exception {
        eventually().until(() -> howItEnded().isPresent());
        // The container before this one may be cleared away just now, since another one has ended as well.
        eventually()
                .untilAsserted(() -> assertThat(
                                cluster.kubectl("logs", "--previous", "deployment/" + ClusterSurroundings.OPERATOR))
                        .contains("the leader's lease is lost: this process ends at once"));
        return () -> {
            system.submitEffect("led again");
            system.awaitEffects("led again", 1);
        };
    }

    /** A pool with one slot for two workers, whose first can't start. Returns when it has a Kubernetes Job. */
    private static QueueDatabase startPool(String name, String workerSpec) throws SQLException {
        var database = QueueDatabase.withoutQueue(system.postgres());
        system.apply("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: %s}
                spec:
                  database: %s
                  slots: 1
                  logins: [{secretRef: {name: alice}}]
                  worker: {%s}
                """.formatted(name, RunningSystem.databaseSpec(system.postgres(), database.name()), workerSpec));
        system.awaitReady(name);
        database.submit("alice", "first", "SELECT 1");
        database.submit("alice", "second", "SELECT 1");
        eventually().until(() -> names(system.jobs()).stream().anyMatch(job -> job.startsWith(name + "-first")));
        return database;
    }

    /** The pool wants a Secret that is not there. Returns when it has said so, and that all is well again. */
    private static void miss(String secret) {
        system.createPool(POOL, 8, "    - secretRef: {name: %s}\n".formatted(secret));
        system.awaitReason("False SecretNotFound");
        system.createPool(POOL, 8, "");
        system.awaitReady(POOL);
    }

    private static int timesTold(String secret) {
        return system.events().stream()
                .filter(event -> String.valueOf(event.getNote()).contains("there is no Secret \"" + secret + "\""))
                .mapToInt(event ->
                        event.getSeries() == null ? 1 : event.getSeries().getCount())
                .sum();
    }

    private static void createWorkerJob(String name, String furtherSpec) {
        system.apply("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerJob
                metadata: {name: %1$s}
                spec:
                  poolRef: {name: library}
                  worker: %1$s
                  role: alice
                  statements: ["%2$s"]
                  %3$s
                """.formatted(name, effect(name), furtherSpec));
    }

    /** What {@code kubectl get} says of it, with one space between columns. */
    private static String row(String kind, String name) throws IOException {
        return cluster.kubectl("get", kind, name, "--no-headers").strip().replaceAll(" +", " ");
    }

    private static List<String> names(List<? extends HasMetadata> objects) {
        return objects.stream().map(object -> object.getMetadata().getName()).toList();
    }

    private static String nameOf(String prefix, List<? extends HasMetadata> objects) {
        return names(objects).stream()
                .filter(name -> name.startsWith(prefix))
                .findFirst()
                .orElseThrow();
    }

    private static void awaitLogLine(String... words) {
        eventually()
                .alias("the operator logs " + List.of(words))
                .ignoreExceptionsInstanceOf(IOException.class) // while its pod has no process yet
                .until(() -> cluster.operatorLog()
                        .lines()
                        .anyMatch(line -> Stream.of(words).allMatch(line::contains)));
    }

    /** The operator's process that ran last, if one has ended in its pod. */
    private static Optional<ContainerStateTerminated> howItEnded() {
        return cluster.operatorPods().stream()
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .flatMap(container -> Stream.of(container.getState(), container.getLastState()))
                .flatMap(state -> Stream.ofNullable(state.getTerminated()))
                .findFirst();
    }

    /** Over a pool, from its beginning to its end. The one that is going on may have looked already. */
    private static void awaitAnotherPass() throws IOException {
        double before = passes();
        eventually().until(() -> passes() >= before + 2);
    }

    private static double passes() throws IOException {
        return system.metrics().entrySet().stream()
                .filter(metric ->
                        metric.getKey().startsWith("operator_sdk_controllers_execution_reconcile_seconds_count{")
                                && metric.getKey().contains("controller=\"workerpool\""))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }
}
