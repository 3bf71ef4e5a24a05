package dev.pgworkerpool.bench;

import org.jspecify.annotations.Nullable;

/**
 * What a ratio is to be.
 *
 * @param reference what ours is divided by; null: the best of the peers that took part
 */
record Aim(Series ours, @Nullable Series reference, Direction direction, double bound) {

    static Aim atLeast(double bound, Series ours, Series reference) {
        return new Aim(ours, reference, Direction.AT_LEAST, bound);
    }

    static Aim atMost(double bound, Series ours, Series reference) {
        return new Aim(ours, reference, Direction.AT_MOST, bound);
    }

    static Aim atLeastOfBestPeer(double bound, Series ours) {
        return new Aim(ours, null, Direction.AT_LEAST, bound);
    }
}
