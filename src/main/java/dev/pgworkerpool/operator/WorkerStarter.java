package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.Api;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.schedule.Demand;
import dev.pgworkerpool.schedule.Turn;
import dev.pgworkerpool.schedule.WorkerPodFactory;
import dev.pgworkerpool.status.EventRecorder;
import dev.pgworkerpool.status.PoolMetrics;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Creates the Kubernetes Job of a turn and records it. In this order: a Job that nobody recorded is found again by its name, while a
 * recorded turn without a Job would hold a slot for nothing.
 */
@ApplicationScoped
class WorkerStarter {
    /** Answers that mean: this object is not wanted, whenever you ask (quota, LimitRange, admission, RBAC, validation); a conflict passes. */
    private static final Set<Integer> REFUSALS = Set.of(
            HttpURLConnection.HTTP_BAD_REQUEST,
            HttpURLConnection.HTTP_UNAUTHORIZED,
            HttpURLConnection.HTTP_FORBIDDEN,
            HttpURLConnection.HTTP_NOT_FOUND,
            HttpURLConnection.HTTP_CONFLICT,
            422);

    private final KubernetesClient client;
    private final WorkerPodFactory factory;
    private final EventRecorder events;
    private final PoolMetrics metrics;
    private final InstantSource clock;

    WorkerStarter(
            KubernetesClient client,
            WorkerPodFactory factory,
            EventRecorder events,
            PoolMetrics metrics,
            InstantSource clock) {
        this.client = client;
        this.factory = factory;
        this.events = events;
        this.metrics = metrics;
        this.clock = clock;
    }

    /** @throws KubernetesClientException when it isn't known whether the Job was created: then nobody else may have its slot */
    void start(PoolPass pass, JobQueue queue, Demand name) {
        LivePool live = pass.live();
        Job job = factory.job(pass.pool(), name.worker(), name.turn());
        String jobName = job.getMetadata().getName();
        live.started.add(jobName, name.worker(), pass.now());
        try {
            client.resource(job).create();
            live.wakeUps
                    .started(name.worker(), clock.instant())
                    .ifPresent(latency -> metrics.wokenUp(pass.namespace(), pass.name(), latency));
        } catch (KubernetesClientException e) {
            Job there = existing(e, pass, job);
            if (there == null) {
                return;
            }
            List<Pod> pods = pass.turns().find(jobName).map(Turn::pods).orElse(List.of());
            if (!new Turn(jobName, there, pods).holdsSlot()) {
                // The database knows less than the cluster: it was restored, say, or another one before.
                live.started.remove(jobName);
                queue.turnEnded(name.worker(), name.turn(), null);
                start(pass, queue, name.nextTurn());
                return;
            }
        }
        live.locked.attempt(name.worker(), pass, () -> queue.turnStarted(name.worker(), name.turn(), jobName));
    }

    /** The Job of this turn, if it is there already. Null: it is refused. Else nobody knows. */
    private @Nullable Job existing(KubernetesClientException e, PoolPass pass, Job job) {
        if (e.getStatus() == null || !"AlreadyExists".equals(e.getStatus().getReason())) {
            if (!REFUSALS.contains(e.getCode())) {
                throw e;
            }
            refused(pass, job, PoolProblem.words(e));
            return null;
        }
        Job there = client.resource(job).get();
        // One that is left from an older pool of the same name is about to be garbage-collected.
        if (there == null
                || there.getMetadata().getOwnerReferences().stream()
                        .noneMatch(owner -> owner.getUid().equals(pass.live().uid))) {
            refused(pass, job, "a Job of this name is there already and belongs to something else");
            return null;
        }
        return there;
    }

    private void refused(PoolPass pass, Job job, String reason) {
        String jobName = job.getMetadata().getName();
        String worker = String.valueOf(job.getMetadata().getAnnotations().get(Api.WORKER_ANNOTATION));
        pass.live().started.remove(jobName);
        pass.live().backOffs.refused(worker, reason, pass.now());
        events.warning(
                pass.pool(),
                "WorkerRefused",
                "worker \"" + worker + "\": the API refuses Job " + jobName + ": " + reason);
    }
}
