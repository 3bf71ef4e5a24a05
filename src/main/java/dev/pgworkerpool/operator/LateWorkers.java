package dev.pgworkerpool.operator;

import dev.pgworkerpool.schedule.LateStart;
import dev.pgworkerpool.schedule.Turn;
import dev.pgworkerpool.status.EventRecorder;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Tells of workers that have a Kubernetes Job but no pod, or a pod but no node, with the API's own words. */
@ApplicationScoped
class LateWorkers {
    private static final Duration ASK_AGAIN = Duration.ofMinutes(1);

    private final KubernetesClient client;
    private final EventRecorder events;

    LateWorkers(KubernetesClient client, EventRecorder events) {
        this.client = client;
        this.events = events;
    }

    void run(PoolPass pass) {
        Map<String, LateWorker> late = new TreeMap<>();
        for (Turn turn : pass.turns().all()) {
            if (turn.holdsSlot()) {
                reason(pass, turn).ifPresent(found -> late.put(turn.jobName(), found));
            }
        }
        late.forEach((jobName, found) -> {
            if (!pass.live().late.containsKey(jobName)) {
                events.warning(pass.pool(), "WorkerNotStarted", found.words() + " (Job " + jobName + ")");
            }
        });
        pass.live().late = late;
    }

    private Optional<LateWorker> reason(PoolPass pass, Turn turn) {
        if (!LateStart.hasNoPod(turn, pass.now())) {
            return LateStart.unschedulable(turn, pass.now())
                    .map(words -> new LateWorker(String.valueOf(turn.worker()), words, pass.now()));
        }
        LateWorker known = pass.live().late.get(turn.jobName());
        if (known != null && known.askedAt().plus(ASK_AGAIN).isAfter(pass.now())) {
            return Optional.of(known);
        }
        return Optional.of(new LateWorker(String.valueOf(turn.worker()), whyNoPod(pass, turn), pass.now()));
    }

    private String whyNoPod(PoolPass pass, Turn turn) {
        try {
            return client
                    .events()
                    .v1()
                    .events()
                    .inNamespace(pass.namespace())
                    .withField("regarding.name", turn.jobName())
                    .list()
                    .getItems()
                    .stream()
                    .filter(event -> "FailedCreate".equals(event.getReason()))
                    .map(Event::getNote)
                    .reduce((earlier, later) -> later)
                    .map(note -> "FailedCreate: " + note)
                    .orElse("its Kubernetes Job has no pod");
        } catch (KubernetesClientException e) {
            return "its Kubernetes Job has no pod, and why is not known: " + PoolProblem.words(e);
        }
    }
}
