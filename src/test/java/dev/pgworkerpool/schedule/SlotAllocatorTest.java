package dev.pgworkerpool.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.schedule.SlotAllocator.Allocation;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SlotAllocatorTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    @Test
    void the_name_whose_head_waits_longest_starts_first() {
        assertThat(started(2, Set.of(), waiting("young", 1), waiting("oldest", 30), waiting("old", 20)))
                .containsExactly("oldest", "old");
    }

    @Test
    void equally_old_heads_start_in_the_order_of_their_ids() {
        var second = new Demand("a", 1, 8L, "alice", NOW, null, true);
        var first = new Demand("b", 1, 7L, "alice", NOW, null, true);
        var launched = new Demand("c", 1, null, null, NOW, null, true);
        assertThat(started(3, Set.of(), launched, second, first)).containsExactly("b", "a", "c");
    }

    @Test
    void never_more_names_hold_a_slot_than_there_are_slots() {
        assertThat(started(3, Set.of("x", "y"), waiting("a", 3), waiting("b", 2)))
                .containsExactly("a");
        assertThat(started(2, Set.of("x", "y"), waiting("a", 3))).isEmpty();
    }

    @Test
    void nothing_starts_when_more_names_hold_slots_than_are_allowed_now() {
        assertThat(started(1, Set.of("x", "y", "z"), waiting("a", 3))).isEmpty();
    }

    @Test
    void a_name_that_holds_a_slot_does_not_get_a_second_one() {
        assertThat(started(8, Set.of("a"), waiting("a", 30), waiting("b", 1))).containsExactly("b");
    }

    @Test
    void a_name_that_is_held_back_is_passed_over_and_looked_at_again_when_its_time_comes() {
        var backingOff = new Demand("a", 2, 1L, "alice", NOW.minusSeconds(60), Duration.ofSeconds(4), true);
        var later = new Demand("b", 2, 2L, "alice", NOW.minusSeconds(60), Duration.ofSeconds(9), true);
        Allocation allocation = SlotAllocator.allocate(List.of(later, backingOff, waiting("c", 1)), Set.of(), 1);
        assertThat(allocation.start()).extracting(Demand::worker).containsExactly("c");
        assertThat(allocation.nextAfter()).isEqualTo(Duration.ofSeconds(4));
    }

    @Test
    void a_name_without_a_login_is_passed_over_and_nobody_waits_for_it() {
        var orphan = new Demand("a", 1, 1L, "alice", NOW.minusSeconds(60), Duration.ofSeconds(5), false);
        Allocation allocation = SlotAllocator.allocate(List.of(orphan, waiting("b", 1)), Set.of(), 1);
        assertThat(allocation.start()).extracting(Demand::worker).containsExactly("b");
        assertThat(allocation.nextAfter()).isNull();
    }

    private static List<String> started(int slots, Set<String> holders, Demand... demand) {
        return SlotAllocator.allocate(List.of(demand), holders, slots).start().stream()
                .map(Demand::worker)
                .toList();
    }

    private static Demand waiting(String worker, int seconds) {
        return new Demand(worker, 1, 1L, "alice", NOW.minusSeconds(seconds), null, true);
    }
}
