package dev.pgworkerpool.schedule;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.api.WorkerPool;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WorkerPodFactoryTest {
    private static final String SMALLEST = """
            metadata: {name: library, namespace: books, uid: 8d0f}
            spec:
              database: {host: db, name: library, secretRef: {name: operator}}
            """;
    private static final String LARGEST = """
            metadata: {name: library, namespace: books, uid: 8d0f}
            spec:
              database:
                host: $(db)
                port: 6432
                name: library
                secretRef: {name: operator}
                tls: {mode: verify-full, caSecretRef: {name: authority, key: root.pem}}
              logins: [{secretRef: {name: alice}}, {secretRef: {name: companion-of-bob}, role: bob}]
              worker:
                image: registry/worker:1
                imagePullPolicy: Never
                imagePullSecrets: [{name: registry}]
                idleTimeout: 1m30s
                serviceAccountName: worker
                resources: {limits: {memory: 128Mi}}
                nodeSelector: {disk: fast}
                tolerations: [{key: batch, operator: Exists}]
                affinity: {nodeAffinity: {}}
                priorityClassName: low
                labels: {team: books, pgworkerpool.dev/pool: stolen}
                annotations: {cost: low, pgworkerpool.dev/worker: stolen}
                env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx64m}, {name: PGWP_HOST, value: evil}]
                terminationGracePeriodSeconds: 5
                ttlSecondsAfterFinished: 60
            """;

    private final WorkerPodFactory factory = new WorkerPodFactory("operator:1");

    @Test
    void the_job_runs_one_pod_once_and_is_never_retried_by_kubernetes() {
        var spec = job(SMALLEST).getSpec();
        assertThat(spec.getBackoffLimit()).isZero();
        assertThat(spec.getCompletions()).isEqualTo(1);
        assertThat(spec.getParallelism()).isEqualTo(1);
        assertThat(spec.getPodReplacementPolicy()).isEqualTo("Failed");
        assertThat(spec.getTtlSecondsAfterFinished()).isEqualTo(300);
        assertThat(pod(SMALLEST).getRestartPolicy()).isEqualTo("Never");
    }

    @Test
    void the_job_goes_when_its_pool_goes_and_the_pool_does_not_wait_for_it() {
        var owner = job(SMALLEST).getMetadata().getOwnerReferences().getFirst();
        assertThat(owner.getApiVersion()).isEqualTo("pgworkerpool.dev/v1alpha1");
        assertThat(owner.getKind()).isEqualTo("WorkerPool");
        assertThat(owner.getUid()).isEqualTo("8d0f");
        assertThat(owner.getController()).isTrue();
        assertThat(owner.getBlockOwnerDeletion()).isNull();
    }

    @Test
    void the_pod_satisfies_the_restricted_pod_security_standard() {
        PodSpec pod = pod(SMALLEST);
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(pod.getSecurityContext().getRunAsUser()).isNotZero();
        assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        var container = container(pod).getSecurityContext();
        assertThat(container.getAllowPrivilegeEscalation()).isFalse();
        assertThat(container.getReadOnlyRootFilesystem()).isTrue();
        assertThat(container.getCapabilities().getDrop()).containsExactly("ALL");
    }

    @Test
    void the_pod_has_no_way_to_the_kubernetes_api() {
        assertThat(pod(LARGEST).getAutomountServiceAccountToken()).isFalse();
        assertThat(pod(LARGEST).getEnableServiceLinks()).isFalse();
    }

    @Test
    void an_odd_worker_name_arrives_unchanged() {
        Job job = factory.job(pool(SMALLEST), "$(HOME) \"x\"", 3);
        assertThat(job.getSpec().getTemplate().getMetadata().getAnnotations())
                .containsEntry("pgworkerpool.dev/worker", "$(HOME) \"x\"")
                .containsEntry("pgworkerpool.dev/turn", "3");
        var env = env(container(job.getSpec().getTemplate().getSpec())).get("PGWP_WORKER");
        assertThat(requireNonNull(env).getValueFrom().getFieldRef().getFieldPath())
                .isEqualTo("metadata.annotations['pgworkerpool.dev/worker']");
    }

    @Test
    void no_credential_is_in_the_pod_spec_only_files_that_the_kubelet_fills() {
        var volume = pod(LARGEST).getVolumes().getFirst().getProjected();
        assertThat(volume.getSources())
                .allSatisfy(
                        source -> assertThat(source.getSecret().getOptional()).isTrue())
                .flatExtracting(source -> source.getSecret().getItems())
                .extracting("path")
                .containsExactly(
                        "operator/username",
                        "operator/password",
                        "logins/0/username",
                        "logins/0/password",
                        "logins/1/username",
                        "logins/1/password");
        assertThat(volume.getDefaultMode()).isEqualTo(0440);
        assertThat(env(container(pod(LARGEST))).values())
                .allSatisfy(var -> assertThat(
                                var.getValueFrom() == null || var.getValueFrom().getSecretKeyRef() == null)
                        .isTrue());
    }

    @Test
    void the_worker_is_told_where_its_database_is() {
        var env = env(container(pod(LARGEST)));
        assertThat(value(env, "PGWP_HOST")).isEqualTo("$$(db)");
        assertThat(value(env, "PGWP_PORT")).isEqualTo("6432");
        assertThat(value(env, "PGWP_DATABASE")).isEqualTo("library");
        assertThat(value(env, "PGWP_SSLMODE")).isEqualTo("verify-full");
        assertThat(value(env, "PGWP_CA")).isEqualTo("/etc/pgworkerpool/ca/root.pem");
        assertThat(value(env, "PGWP_IDLE_TIMEOUT")).isEqualTo("90000");
        assertThat(value(env, "PGWP_GRACE_PERIOD")).isEqualTo("5");
    }

    @Test
    void the_users_wishes_are_kept_save_what_is_ours() {
        Job job = job(LARGEST);
        PodSpec pod = job.getSpec().getTemplate().getSpec();
        var metadata = job.getSpec().getTemplate().getMetadata();
        assertThat(metadata.getLabels())
                .containsEntry("team", "books")
                .containsEntry("pgworkerpool.dev/pool", "library");
        assertThat(metadata.getAnnotations())
                .containsEntry("cost", "low")
                .containsEntry("pgworkerpool.dev/worker", "foo");
        assertThat(container(pod).getImage()).isEqualTo("registry/worker:1");
        assertThat(container(pod).getImagePullPolicy()).isEqualTo("Never");
        assertThat(container(pod).getResources().getLimits()).containsKey("memory");
        assertThat(value(env(container(pod)), "JAVA_TOOL_OPTIONS")).isEqualTo("-Xmx64m");
        assertThat(pod.getServiceAccountName()).isEqualTo("worker");
        assertThat(pod.getNodeSelector()).containsEntry("disk", "fast");
        assertThat(pod.getTolerations()).hasSize(1);
        assertThat(pod.getAdditionalProperties()).containsEntry("affinity", Map.of("nodeAffinity", Map.of()));
        assertThat(pod.getPriorityClassName()).isEqualTo("low");
        assertThat(pod.getImagePullSecrets()).extracting("name").containsExactly("registry");
        assertThat(pod.getTerminationGracePeriodSeconds()).isEqualTo(5);
        assertThat(job.getSpec().getTtlSecondsAfterFinished()).isEqualTo(60);
    }

    @Test
    void without_an_image_in_the_pool_the_operators_own_runs() {
        assertThat(container(pod(SMALLEST)).getImage()).isEqualTo("operator:1");
    }

    private Job job(String yaml) {
        return factory.job(pool(yaml), "foo", 1);
    }

    private PodSpec pod(String yaml) {
        return job(yaml).getSpec().getTemplate().getSpec();
    }

    @Test
    void a_job_is_outdated_when_its_pool_asks_for_other_pods_and_not_when_anything_else_changed() {
        var turn = new Turn("a", factory.job(pool(LARGEST), "foo", 3), List.of());
        assertThat(factory.isOutdated(turn, pool(LARGEST))).isFalse();
        assertThat(factory.isOutdated(turn, pool(LARGEST + "  slots: 2\n"))).isFalse();
        assertThat(factory.isOutdated(turn, pool(LARGEST.replace("worker:1", "worker:2"))))
                .isTrue();
        assertThat(factory.isOutdated(turn, pool(LARGEST.replace("port: 6432", "port: 6433"))))
                .isTrue();
        assertThat(factory.isOutdated(new Turn("a", null, List.of()), pool(LARGEST)))
                .isFalse();
    }

    private static WorkerPool pool(String yaml) {
        return Serialization.unmarshal(yaml, WorkerPool.class);
    }

    private static Container container(PodSpec pod) {
        return pod.getContainers().getFirst();
    }

    private static Map<String, EnvVar> env(Container container) {
        return container.getEnv().stream().collect(Collectors.toMap(EnvVar::getName, var -> var));
    }

    private static String value(Map<String, EnvVar> env, String name) {
        return requireNonNull(env.get(name), name).getValue();
    }
}
