package dev.pgworkerpool.bench;

import org.jspecify.annotations.Nullable;

/**
 * How an aim was met.
 *
 * @param id of a ratio: the same in each run
 * @param reference what ours was divided by, round by round; null: nothing, {@code spread} is that of the figures themselves
 */
record Verdict(String id, Aim aim, @Nullable Series reference, Spread spread) {
    boolean met() {
        return aim.direction().meets(spread.median(), aim.bound());
    }

    /** Of what the spread is. */
    String subject() {
        return reference == null
                ? aim.ours().name() + ", " + aim.ours().unit()
                : aim.ours().name() + " to " + reference.name();
    }
}
