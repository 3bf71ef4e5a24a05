package dev.pgworkerpool.schedule;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds turns that keep people waiting although nothing is wrong with their pod: there is none (a quota, an admission rule), or no
 * node has room for it. They may start at any time and keep their slot.
 */
public final class LateStart {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private LateStart() {}

    /** There should be a pod by now. The API says why there is none in an Event about the Job only. */
    public static boolean hasNoPod(Turn turn, Instant now) {
        return turn.job() != null
                && turn.pods().isEmpty()
                && !Turn.ended(turn.job())
                && isOver(turn.job().getMetadata().getCreationTimestamp(), now);
    }

    /** Why no node takes the pod, in the scheduler's words; empty when one has, or may still. */
    public static Optional<String> unschedulable(Turn turn, Instant now) {
        return turn.pods().stream()
                .filter(pod -> Turn.lives(pod) && isOver(pod.getMetadata().getCreationTimestamp(), now))
                .flatMap(LateStart::refusals)
                .map(condition -> condition.getReason() + ": " + condition.getMessage())
                .findFirst();
    }

    private static Stream<PodCondition> refusals(Pod pod) {
        if (pod.getStatus() == null || pod.getStatus().getConditions() == null) {
            return Stream.empty();
        }
        return pod.getStatus().getConditions().stream()
                .filter(each -> each.getType().equals("PodScheduled")
                        && each.getStatus().equals("False"));
    }

    private static boolean isOver(String created, Instant now) {
        return Instant.parse(created).plus(PATIENCE).isBefore(now);
    }
}
