package dev.pgworkerpool.operator;

import dev.pgworkerpool.schedule.NeverStarting;
import dev.pgworkerpool.schedule.Turn;
import dev.pgworkerpool.schedule.WorkerPodFactory;
import dev.pgworkerpool.status.EventRecorder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Deletes Jobs whose pod will never start (an image that can't be pulled, say): others wait for their slot. Those that are late
 * go when the pool has changed since, for a Job's pods can't: the next turn may start as the pool is now.
 */
@ApplicationScoped
class NeverStartingWorkers {
    private static final Logger LOG = Logger.getLogger(NeverStartingWorkers.class);

    private final KubernetesClient client;
    private final WorkerPodFactory pods;
    private final EventRecorder events;

    NeverStartingWorkers(KubernetesClient client, WorkerPodFactory pods, EventRecorder events) {
        this.client = client;
        this.pods = pods;
        this.events = events;
    }

    void run(PoolPass pass) {
        pass.turns().all().stream()
                .filter(Turn::holdsSlot)
                .forEach(turn -> NeverStarting.reason(turn, pass.now())
                        .or(() -> lateAndOutdated(pass, turn))
                        .ifPresent(reason -> giveUp(pass, turn, reason)));
    }

    private Optional<String> lateAndOutdated(PoolPass pass, Turn turn) {
        return Optional.ofNullable(pass.live().late.get(turn.jobName()))
                .filter(late -> pods.isOutdated(turn, pass.pool()))
                .map(LateWorker::reason);
    }

    private void giveUp(PoolPass pass, Turn turn, String reason) {
        Job job = turn.job();
        if (job != null && !job.isMarkedForDeletion() && !delete(pass, job)) {
            return;
        }
        if (pass.live().verdicts.put(turn.jobName(), reason) != null) {
            return; // told already
        }
        events.warning(
                pass.pool(),
                "WorkerNotStarted",
                "worker \"" + turn.worker() + "\" (Job " + turn.jobName() + "): " + reason);
    }

    /** False: the Job has changed since, its pod may have started after all; or the API refuses. No other name has to wait for that. */
    private boolean delete(PoolPass pass, Job job) {
        try {
            client.resource(job).lockResourceVersion().delete();
            return true;
        } catch (KubernetesClientException e) {
            LOG.warnf(
                    "%s: Job %s is not deleted: %s",
                    pass.live(), job.getMetadata().getName(), PoolProblem.words(e));
            return false;
        }
    }
}
