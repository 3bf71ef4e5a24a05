package dev.pgworkerpool.operator;

import dev.pgworkerpool.schedule.NeverStarting;
import dev.pgworkerpool.schedule.Turn;
import dev.pgworkerpool.status.EventRecorder;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;

/**
 * Deletes Jobs whose pod will never start (an image that can't be pulled, say): others wait for their slot. Those that are late
 * go when the pool has changed since, for a Job's pods can't: the next turn may start as the pool is now.
 */
@ApplicationScoped
class StuckWorkers {
    private final KubernetesClient client;
    private final EventRecorder events;

    StuckWorkers(KubernetesClient client, EventRecorder events) {
        this.client = client;
        this.events = events;
    }

    void run(PoolPass pass) {
        pass.turns().all().stream()
                .filter(Turn::holdsSlot)
                .forEach(turn -> NeverStarting.reason(turn, pass.now())
                        .or(() -> lateAndOutdated(pass, turn))
                        .ifPresent(reason -> giveUp(pass, turn, reason)));
    }

    private static Optional<String> lateAndOutdated(PoolPass pass, Turn turn) {
        return Optional.ofNullable(pass.live().late.get(turn.jobName()))
                .filter(late -> turn.isOlderThan(pass.pool()))
                .map(LateWorker::reason);
    }

    private void giveUp(PoolPass pass, Turn turn, String reason) {
        if (turn.job() != null && !turn.job().isMarkedForDeletion()) {
            client.batch()
                    .v1()
                    .jobs()
                    .inNamespace(pass.namespace())
                    .withName(turn.jobName())
                    .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                    .delete();
        }
        if (pass.live().verdicts.put(turn.jobName(), reason) != null) {
            return; // told already
        }
        events.warning(
                pass.pool(),
                "WorkerNotStarted",
                "worker \"" + turn.worker() + "\" (Job " + turn.jobName() + "): " + reason);
    }
}
