package dev.pgworkerpool.status;

import dev.pgworkerpool.status.Readiness.State;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The three conditions of every resource: Ready, Reconciling and Stalled. */
public final class Conditions {
    private Conditions() {}

    /**
     * @param previous what stands there now: the time of a condition changes only when its status does
     * @param generation of the spec that was looked at
     */
    public static List<Condition> of(
            Readiness readiness, @Nullable List<Condition> previous, Long generation, Instant now) {
        State state = readiness.state();
        return List.of(
                condition("Ready", state == State.READY, readiness, previous, generation, now),
                condition("Reconciling", state == State.RECONCILING, readiness, previous, generation, now),
                condition("Stalled", state == State.STALLED, readiness, previous, generation, now));
    }

    private static Condition condition(
            String type,
            boolean holds,
            Readiness readiness,
            @Nullable List<Condition> previous,
            Long generation,
            Instant now) {
        String status = holds ? "True" : "False";
        return new ConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withReason(readiness.reason())
                .withMessage(holds || type.equals("Ready") ? readiness.message() : "")
                .withObservedGeneration(generation)
                .withLastTransitionTime(since(type, status, previous, now))
                .build();
    }

    private static String since(String type, String status, @Nullable List<Condition> previous, Instant now) {
        return (previous == null ? List.<Condition>of() : previous)
                .stream()
                        .filter(old ->
                                old.getType().equals(type) && old.getStatus().equals(status))
                        .map(Condition::getLastTransitionTime)
                        .findFirst()
                        .orElseGet(() -> now.truncatedTo(ChronoUnit.SECONDS).toString());
    }
}
