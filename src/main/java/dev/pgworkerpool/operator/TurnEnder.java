package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.queue.OpenTurn;
import dev.pgworkerpool.schedule.Turn;
import dev.pgworkerpool.schedule.TurnFailure;
import dev.pgworkerpool.schedule.Turns;
import dev.pgworkerpool.status.EventRecorder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells the database which turns are over, so that their names may have the next one, and which ones run that it doesn't know of:
 * an operator may have died between creating a Job and recording it.
 */
@ApplicationScoped
class TurnEnder {
    private final KubernetesClient client;
    private final EventRecorder events;

    TurnEnder(KubernetesClient client, EventRecorder events) {
        this.client = client;
        this.events = events;
    }

    void run(PoolPass pass, JobQueue queue) {
        pass.live().started.settle(pass.turns(), jobName -> lives(pass, jobName), pass.now());
        hear(pass);
        List<OpenTurn> openTurns = queue.openTurns();
        Set<String> open = openTurns.stream().map(OpenTurn::jobName).collect(Collectors.toSet());
        for (OpenTurn turn : openTurns) {
            if (isOver(pass, turn.jobName())) {
                pass.live().locked.attempt(turn.worker(), pass, () -> end(pass, queue, turn));
            }
        }
        pass.turns().all().stream()
                .filter(turn -> turn.holdsSlot() && !open.contains(turn.jobName()))
                .forEach(turn -> record(pass, queue, turn));
        pass.live().verdicts.keySet().removeIf(jobName -> isForgotten(pass, open, jobName));
        pass.live().lastWords.keySet().removeIf(jobName -> isForgotten(pass, open, jobName));
    }

    /** Its end was told, or the database never knew it and it is over. */
    private static boolean isForgotten(PoolPass pass, Set<String> open, String jobName) {
        return !open.contains(jobName)
                && pass.turns().find(jobName).filter(Turn::holdsSlot).isEmpty();
    }

    private static void hear(PoolPass pass) {
        pass.turns().all().stream()
                .filter(Turn::holdsSlot)
                .forEach(turn -> TurnFailure.ofPods(turn)
                        .ifPresent(words -> pass.live().lastWords.put(turn.jobName(), words)));
    }

    private static void record(PoolPass pass, JobQueue queue, Turn turn) {
        String worker = turn.worker();
        if (worker != null) {
            pass.live().locked.attempt(worker, pass, () -> queue.turnStarted(worker, turn.number(), turn.jobName()));
        }
    }

    /** A Job that the caches don't show is over only when the API says so. */
    private boolean isOver(PoolPass pass, String jobName) {
        if (pass.live().started.contains(jobName)) {
            return false;
        }
        Turn turn = find(pass, jobName);
        return !turn.holdsSlot() && (turn.job() != null || !lives(pass, jobName));
    }

    private static Turn find(PoolPass pass, String jobName) {
        return pass.turns().find(jobName).orElse(new Turn(jobName, null, List.of()));
    }

    private boolean lives(PoolPass pass, String jobName) {
        Job job = client.batch()
                .v1()
                .jobs()
                .inNamespace(pass.namespace())
                .withName(jobName)
                .get();
        return job != null && new Turn(jobName, job, List.of()).holdsSlot();
    }

    private void end(PoolPass pass, JobQueue queue, OpenTurn open) {
        LivePool live = pass.live();
        Turn turn = withPods(pass, open);
        String verdict = turn.endedWell() ? null : live.verdicts.get(open.jobName());
        String failure = verdict == null ? failure(live, turn) : verdict;
        Optional<Instant> notBefore =
                queue.turnEnded(open.worker(), open.turn(), failure).map(pass.now()::plus);
        if (failure == null) {
            notBefore.ifPresentOrElse(
                    until -> live.backOffs.failed(open.worker(), "its last turn did not get on with its queue", until),
                    () -> live.backOffs.endedWell(open.worker()));
            return;
        }
        Instant until = notBefore.orElse(pass.now());
        if (verdict != null) {
            live.backOffs.neverStarted(open.worker(), failure, until);
            return;
        }
        live.backOffs.failed(open.worker(), failure, until);
        events.warning(
                pass.pool(),
                "WorkerFailed",
                "worker \"" + open.worker() + "\" (Job " + open.jobName() + "): " + failure);
    }

    /** The pods' cache may lag behind that of the Jobs. */
    private Turn withPods(PoolPass pass, OpenTurn open) {
        Turn turn = find(pass, open.jobName());
        if (turn.job() == null || !turn.pods().isEmpty()) {
            return turn;
        }
        List<Pod> pods = client.pods()
                .inNamespace(pass.namespace())
                .withLabel(Turns.JOB_NAME, open.jobName())
                .list()
                .getItems();
        return new Turn(open.jobName(), turn.job(), pods);
    }

    /** The reason is in the pod, or was, if that is gone. Null: it ended well, or nobody knows, and its queue tells. */
    private static @Nullable String failure(LivePool live, Turn turn) {
        String lastWords = turn.pods().isEmpty() && !turn.endedWell() ? live.lastWords.get(turn.jobName()) : null;
        return lastWords == null ? TurnFailure.of(turn).orElse(null) : lastWords;
    }
}
