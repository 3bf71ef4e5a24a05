package dev.pgworkerpool.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the API takes and refuses, with the words that people see. */
class ApiRulesTest {
    private static EmbeddedCluster cluster;

    @BeforeAll
    static void start(@TempDir Path folder) {
        cluster = EmbeddedCluster.start(folder, NodeImage.asIs());
        cluster.applyCrds(CrdFiles.CHECKED_IN);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void defaults_are_filled_in() {
        String pool = Serialization.asYaml(create(pool("defaults", "")));
        assertThat(pool).contains("slots: 8", "port: 5432", "suspend: false");

        String job = Serialization.asYaml(create(job("defaults", "foo", "")));
        assertThat(job).contains("onFailure: \"CancelRest\"", "suspend: false");
    }

    @Test
    void slots_are_one_to_a_thousand() {
        assertThat(refusal(pool("none", "slots: 0"))).contains("spec.slots");
        assertThat(refusal(pool("many", "slots: 1001"))).contains("spec.slots");
    }

    @Test
    void a_host_with_parameters_is_refused() {
        assertThat(refusal(pool("host", "").replace("host: db", "host: \"db/x?socketFactory=evil\"")))
                .contains("spec.database.host");
    }

    @Test
    void a_secret_is_named_as_one_can_be_named() {
        var name = "Not A Name?watch=1";
        assertThat(refusal(pool("login", "").replace("name: operator", "name: \"" + name + "\"")))
                .contains("spec.database.secretRef.name");
        assertThat(refusal(
                        pool("ca", "").replace("host: db", "host: db, tls: {caSecretRef: {name: \"" + name + "\"}}")))
                .contains("spec.database.tls.caSecretRef.name");
    }

    @Test
    void a_pool_whose_name_is_no_label_is_refused() {
        assertThat(refusal(pool("p".repeat(64), ""))).contains("at most 63 characters");
    }

    /** What the operator could not read would stop it for everybody. */
    @Test
    void numbers_are_such_as_the_operator_can_read() {
        assertThat(refusalOfTheServer(pool("ttl", "worker: {ttlSecondsAfterFinished: 2147483648}")))
                .contains("ttlSecondsAfterFinished");
        assertThat(refusalOfTheServer(pool("grace", "worker: {terminationGracePeriodSeconds: 2147483648}")))
                .contains("terminationGracePeriodSeconds");
        assertThat(refusalOfTheServer(job("ttl", "foo", "ttlSecondsAfterFinished: 2147483648")))
                .contains("ttlSecondsAfterFinished");
        assertThat(refusalOfTheServer(job("attempts", "foo", "maxAttempts: 2147483648")))
                .contains("maxAttempts");
    }

    @Test
    void quantities_are_such_as_the_operator_can_read() {
        assertThat(refusalOfTheServer(pool("cpu", "worker: {resources: {limits: {cpu: garbage}}}")))
                .contains("spec.worker.resources.limits.cpu");
        create(pool("cpus", "worker: {resources: {requests: {cpu: 500m, memory: 1.5Gi}, limits: {cpu: 2}}}"));
    }

    @Test
    void an_affinity_that_is_none_can_be_read_all_the_same() {
        create(pool("affinity", "worker: {affinity: {nodeAffinity: oops}}"));
        assertThat(cluster.client()
                        .resources(WorkerPool.class)
                        .inNamespace("default")
                        .withName("affinity")
                        .get()
                        .getSpec()
                        .worker()
                        .affinity())
                .containsEntry("nodeAffinity", "oops");
    }

    @Test
    void a_worker_name_has_bytes_not_characters() {
        assertThatCode(() -> create(job("bytes-63", "ü".repeat(31) + "x", ""))).doesNotThrowAnyException();
        assertThat(refusal(job("bytes-64", "ü".repeat(32), ""))).contains("Worker name too long");
        assertThat(refusal(job("empty", "", ""))).contains("spec.worker");
    }

    @Test
    void statements_are_one_to_a_hundred() {
        assertThat(refusal(job("none", "foo", "").replace("[SELECT 1]", "[]"))).contains("spec.statements");
        assertThat(refusal(job("many", "foo", "").replace("[SELECT 1]", "[" + "s,".repeat(100) + "s]")))
                .contains("spec.statements");
    }

    @Test
    void a_worker_job_can_not_be_changed() {
        create(job("fixed", "foo", "role: alice"));
        String message = "the spec of a WorkerJob is immutable, save suspend";
        assertThat(refusedEdit("fixed", spec -> spec.replace("worker: foo", "worker: bar")))
                .contains(message);
        assertThat(refusedEdit("fixed", spec -> spec.replace("SELECT 1", "SELECT 2")))
                .contains(message);
        assertThat(refusedEdit("fixed", spec -> spec.replace("role: alice", "")))
                .contains(message);
        assertThat(refusedEdit("fixed", spec -> spec.replace("role: alice", "role: alice\n  onFailure: Continue")))
                .contains(message);
        assertThat(refusedEdit(
                        "fixed", spec -> spec.replace("role: alice", "role: alice\n  ttlSecondsAfterFinished: 5")))
                .contains(message);
    }

    @Test
    void suspend_can_be_lifted_and_set_again_until_it_is_queued() {
        create(job("suspended", "foo", "suspend: true"));
        edit("suspended", spec -> spec.replace("suspend: true", "suspend: false"));
        edit("suspended", spec -> spec);
        edit("suspended", spec -> spec.replace("suspend: true", "suspend: false"));

        queue("suspended");
        assertThat(refusedEdit("suspended", spec -> spec)).contains("suspend can't become true any more");
    }

    /** Applies the job that {@link #create} made, edited. */
    private static void edit(String name, UnaryOperator<String> change) {
        String spec = name.equals("suspended") ? "suspend: true" : "role: alice";
        cluster.client()
                .resource(change.apply(job(name, "foo", spec)))
                .inNamespace("default")
                .update();
    }

    private static String refusedEdit(String name, UnaryOperator<String> change) {
        return message(() -> edit(name, change));
    }

    private static void queue(String name) {
        cluster.client()
                .resources(WorkerJob.class)
                .inNamespace("default")
                .withName(name)
                .editStatus(job -> {
                    job.setStatus(new WorkerJobStatus(
                            1L,
                            null,
                            null,
                            List.of(41L),
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            null,
                            null));
                    return job;
                });
    }

    private static HasMetadata create(String yaml) {
        return cluster.client().resource(yaml).inNamespace("default").create();
    }

    private static String refusal(String yaml) {
        return message(() -> create(yaml));
    }

    /** Where the client can't read it either. */
    private static String refusalOfTheServer(String yaml) {
        return message(() -> cluster.client()
                .resource(Serialization.unmarshal(yaml, GenericKubernetesResource.class))
                .inNamespace("default")
                .create());
    }

    private static String message(ThrowingCallable call) {
        var refused = Objects.requireNonNull(catchThrowableOfType(KubernetesClientException.class, call), "accepted");
        assertThat(refused.getCode()).isEqualTo(422);
        return Objects.requireNonNull(refused.getMessage());
    }

    private static String pool(String name, String line) {
        return """
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: %s}
                spec:
                  database: {host: db, name: library, secretRef: {name: operator}}
                  %s
                """.formatted(name, line);
    }

    private static String job(String name, String worker, String line) {
        return """
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerJob
                metadata: {name: %s}
                spec:
                  poolRef: {name: library}
                  worker: %s
                  statements: [SELECT 1]
                  %s
                """.formatted(name, worker.isEmpty() ? "''" : worker, line);
    }
}
