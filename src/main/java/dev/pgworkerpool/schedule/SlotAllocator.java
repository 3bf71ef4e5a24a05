package dev.pgworkerpool.schedule;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides which worker names start now: those whose head waits longest, as many as slots are free.
 *
 * <p>A name holds at most one slot. Names that are held back and names without a login are passed over, so that they hold nobody up.
 */
public final class SlotAllocator {
    private static final Comparator<Demand> LONGEST_WAITING_FIRST = Comparator.comparing(Demand::waitingSince)
            .thenComparing(Demand::headId, Comparator.nullsLast(Comparator.naturalOrder()))
            .thenComparing(Demand::worker);

    /**
     * @param start in this order
     * @param nextAfter after how long it is worth looking again although nothing happens; null when no name is held back
     */
    public record Allocation(List<Demand> start, @Nullable Duration nextAfter) {}

    private SlotAllocator() {}

    /**
     * @param demand names that have something to do, in any order, those that hold a slot included
     * @param holders names that hold a slot now, whether or not they have something to do
     * @param slots how many names may hold a slot at once
     */
    public static Allocation allocate(Collection<Demand> demand, Set<String> holders, int slots) {
        List<Demand> ready = demand.stream()
                .filter(name -> name.hasLogin() && !holders.contains(name.worker()))
                .toList();
        List<Demand> start = ready.stream()
                .filter(name -> name.heldFor() == null)
                .sorted(LONGEST_WAITING_FIRST)
                .limit(Math.max(0, slots - holders.size()))
                .toList();
        Duration nextAfter = ready.stream()
                .map(Demand::heldFor)
                .filter(Objects::nonNull)
                .min(Comparator.naturalOrder())
                .orElse(null);
        return new Allocation(start, nextAfter);
    }
}
