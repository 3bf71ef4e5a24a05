package dev.pgworkerpool.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConditionsTest {
    private static final Instant EARLIER = Instant.parse("2026-01-01T12:00:00.123Z");
    private static final Instant NOW = Instant.parse("2026-01-01T13:00:00.456Z");

    @Test
    void ready_means_that_nothing_else_is_going_on() {
        assertThat(statuses(Readiness.ready("Succeeded", "done")))
                .containsExactly("Ready=True", "Reconciling=False", "Stalled=False");
    }

    @Test
    void what_goes_on_by_itself_is_reconciling() {
        assertThat(statuses(Readiness.reconciling("Queued", "waits")))
                .containsExactly("Ready=False", "Reconciling=True", "Stalled=False");
    }

    @Test
    void what_needs_somebody_is_stalled() {
        assertThat(statuses(Readiness.stalled("StatementFailed", "oops")))
                .containsExactly("Ready=False", "Reconciling=False", "Stalled=True");
    }

    @Test
    void what_was_asked_to_do_nothing_is_neither_stalled_nor_reconciling() {
        assertThat(statuses(Readiness.halted("Suspended", "as you wish")))
                .containsExactly("Ready=False", "Reconciling=False", "Stalled=False");
    }

    @Test
    void the_reason_and_the_generation_are_on_each_and_the_message_where_it_belongs() {
        List<Condition> conditions = Conditions.of(Readiness.stalled("StatementFailed", "oops"), null, 7L, NOW);
        assertThat(conditions).extracting(Condition::getReason).containsOnly("StatementFailed");
        assertThat(conditions).extracting(Condition::getObservedGeneration).containsOnly(7L);
        assertThat(conditions).extracting(Condition::getMessage).containsExactly("oops", "", "oops");
    }

    @Test
    void the_time_changes_with_the_status_and_not_with_the_message() {
        List<Condition> first = Conditions.of(Readiness.reconciling("Queued", "waits"), null, 1L, EARLIER);
        List<Condition> second = Conditions.of(Readiness.reconciling("Running", "runs"), first, 1L, NOW);
        assertThat(second).extracting(Condition::getLastTransitionTime).containsOnly("2026-01-01T12:00:00Z");

        List<Condition> third = Conditions.of(Readiness.ready("Succeeded", "done"), second, 1L, NOW);
        assertThat(third)
                .extracting(Condition::getLastTransitionTime)
                .containsExactly("2026-01-01T13:00:00Z", "2026-01-01T13:00:00Z", "2026-01-01T12:00:00Z");
    }

    @Test
    void nothing_new_gives_equal_conditions() {
        Readiness same = Readiness.ready("Ready", "connected");
        List<Condition> first = Conditions.of(same, null, 1L, EARLIER);
        assertThat(Conditions.of(same, first, 1L, NOW)).isEqualTo(first);
    }

    private static List<String> statuses(Readiness readiness) {
        return Conditions.of(readiness, null, 1L, NOW).stream()
                .map(condition -> condition.getType() + "=" + condition.getStatus())
                .toList();
    }
}
