package dev.pgworkerpool.schedule;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pgworkerpool.api.Api;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.api.WorkerSpec;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Builds the Kubernetes Job of one turn of one worker.
 *
 * <p>The pod satisfies the <a href="https://kubernetes.io/docs/concepts/security/pod-security-standards/">restricted Pod
 * Security Standard</a>, has no API token, and never restarts: a worker that ended badly is started again by the operator, as
 * another turn, after its back-off.
 *
 * @param defaultImage what runs where the pool names no image
 */
public record WorkerPodFactory(String defaultImage) {
    /** Labels of every worker's Kubernetes Job and pod. */
    public static final Map<String, String> LABELS = Map.of(
            "app.kubernetes.io/name", "pg-worker-pool-worker",
            "app.kubernetes.io/managed-by", "pg-worker-pool-operator");

    private static final long USER = 65532;

    public Job job(WorkerPool pool, String worker, int turn) {
        PodTemplateSpec template = template(pool, worker, turn);
        return new JobBuilder()
                .withNewMetadata()
                .withName(new WorkerName(pool.getMetadata().getName(), worker).jobName(turn))
                .withNamespace(pool.getMetadata().getNamespace())
                .withLabels(labels(pool))
                .withAnnotations(annotations(Map.of(Api.TEMPLATE_ANNOTATION, digest(template)), worker, turn))
                .withOwnerReferences(owner(pool))
                .endMetadata()
                .withNewSpec()
                .withCompletions(1)
                .withParallelism(1)
                .withBackoffLimit(0)
                // A new turn must not start while a pod of the old one still ends (KEP-3939).
                .withPodReplacementPolicy("Failed")
                .withTtlSecondsAfterFinished(pool.getSpec().worker().ttlSecondsAfterFinished())
                .withTemplate(template)
                .endSpec()
                .build();
    }

    /** Its Job was made for other pods than the pool asks for now. */
    public boolean isOutdated(Turn turn, WorkerPool pool) {
        String worker = turn.worker();
        return turn.job() != null
                && worker != null
                && !digest(template(pool, worker, turn.number())).equals(turn.annotation(Api.TEMPLATE_ANNOTATION));
    }

    /** Of what we ask for: what the API makes of it has its defaults, too. */
    private static String digest(PodTemplateSpec template) {
        return UUID.nameUUIDFromBytes(template.toString().getBytes(UTF_8)).toString();
    }

    private PodTemplateSpec template(WorkerPool pool, String worker, int turn) {
        WorkerSpec spec = pool.getSpec().worker();
        PodTemplateSpec template = new PodTemplateSpecBuilder()
                .withNewMetadata()
                .withLabels(merged(spec.labels(), labels(pool)))
                .withAnnotations(annotations(orEmpty(spec.annotations()), worker, turn))
                .endMetadata()
                .withNewSpec()
                .withRestartPolicy("Never")
                .withAutomountServiceAccountToken(false)
                .withEnableServiceLinks(false)
                .withServiceAccountName(spec.serviceAccountName())
                .withTerminationGracePeriodSeconds(spec.terminationGracePeriodSeconds())
                .withNodeSelector(spec.nodeSelector())
                .withTolerations(spec.tolerations())
                .withPriorityClassName(spec.priorityClassName())
                .withImagePullSecrets(spec.imagePullSecrets())
                .withNewSecurityContext()
                .withRunAsNonRoot(true)
                .withRunAsUser(USER)
                .withRunAsGroup(USER)
                .withFsGroup(USER)
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .endSecurityContext()
                .withContainers(container(pool))
                .withVolumes(CredentialFiles.volumes(pool.getSpec()))
                .endSpec()
                .build();
        if (spec.affinity() != null) {
            template.getSpec().setAdditionalProperty("affinity", spec.affinity());
        }
        return template;
    }

    private Container container(WorkerPool pool) {
        WorkerSpec spec = pool.getSpec().worker();
        return new ContainerBuilder()
                .withName("worker")
                .withImage(spec.image() == null ? defaultImage : spec.image())
                .withImagePullPolicy(
                        spec.imagePullPolicy() == null
                                ? null
                                : spec.imagePullPolicy().name())
                .withCommand("java", "@/app/worker.args")
                .withEnv(WorkerEnvironment.of(pool.getSpec()))
                .withResources(spec.resources())
                .withTerminationMessagePolicy("FallbackToLogsOnError")
                .withVolumeMounts(CredentialFiles.mounts(pool.getSpec()))
                .withNewSecurityContext()
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities()
                .withDrop(List.of("ALL"))
                .endCapabilities()
                .endSecurityContext()
                .build();
    }

    private static Map<String, String> labels(WorkerPool pool) {
        return merged(LABELS, Map.of(Api.POOL_LABEL, pool.getMetadata().getName()));
    }

    private static Map<String, String> annotations(Map<String, String> users, String worker, int turn) {
        return merged(users, Map.of(Api.WORKER_ANNOTATION, worker, Api.TURN_ANNOTATION, Integer.toString(turn)));
    }

    /** Garbage collection ends the workers of a deleted pool. The pool's deletion doesn't wait for them. */
    private static OwnerReference owner(WorkerPool pool) {
        return new OwnerReferenceBuilder()
                .withApiVersion(pool.getApiVersion())
                .withKind(pool.getKind())
                .withName(pool.getMetadata().getName())
                .withUid(pool.getMetadata().getUid())
                .withController(true)
                .build();
    }

    /** The second wins: nobody takes our labels away from us. */
    private static Map<String, String> merged(@Nullable Map<String, String> first, Map<String, String> second) {
        Map<String, String> all = new HashMap<>(orEmpty(first));
        all.putAll(second);
        return all;
    }

    private static Map<String, String> orEmpty(@Nullable Map<String, String> map) {
        return map == null ? Map.of() : map;
    }
}
