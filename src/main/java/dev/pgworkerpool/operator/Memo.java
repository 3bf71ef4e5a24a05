package dev.pgworkerpool.operator;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Spares a pass work that gave its result a moment ago for the same input: a moment that begins when the work is done. One thread at a
 * time.
 *
 * @param <I> what the work depends on
 * @param <R> what it gives
 */
final class Memo<I, R> {
    private final Duration holds;
    private @Nullable Entry<I, R> last;

    private record Entry<I, R>(I input, R result, Instant at) {}

    Memo(Duration holds) {
        this.holds = holds;
    }

    R get(I input, Instant now, Supplier<R> work) {
        Entry<I, R> entry = last;
        if (entry == null
                || !entry.input().equals(input)
                || !now.isBefore(entry.at().plus(holds))) {
            last = null;
            long begunAt = System.nanoTime();
            R result = work.get();
            entry = new Entry<>(input, result, now.plusNanos(System.nanoTime() - begunAt));
            last = entry;
        }
        return entry.result();
    }

    /** What it gave last, however long ago; empty after it failed or was forgotten. */
    Optional<R> last() {
        return Optional.ofNullable(last).map(Entry::result);
    }

    /** So that it is looked at again. */
    void forgetOlderThan(Duration age, Instant now) {
        if (last != null && !now.isBefore(last.at().plus(age))) {
            last = null;
        }
    }

    void forget() {
        last = null;
    }
}
