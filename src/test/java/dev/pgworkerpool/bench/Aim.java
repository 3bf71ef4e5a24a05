package dev.pgworkerpool.bench;

/** What a figure is to be: as a ratio to those of its reference, or by itself. */
record Aim(Series ours, Reference reference, Direction direction, double bound) {

    /** What ours is divided by. */
    sealed interface Reference {
        record To(Series series) implements Reference {}

        enum Other implements Reference {
            /** Of the peers that took part and whose jobs are as safe as ours. */
            BEST_PEER,
            /** Nothing: the figure itself is bounded. */
            NONE
        }
    }

    static Aim atLeast(double bound, Series ours, Series reference) {
        return new Aim(ours, new Reference.To(reference), Direction.AT_LEAST, bound);
    }

    static Aim atMost(double bound, Series ours, Series reference) {
        return new Aim(ours, new Reference.To(reference), Direction.AT_MOST, bound);
    }

    static Aim atLeastOfBestPeer(double bound, Series ours) {
        return new Aim(ours, Reference.Other.BEST_PEER, Direction.AT_LEAST, bound);
    }

    static Aim atMost(double bound, Series ours) {
        return new Aim(ours, Reference.Other.NONE, Direction.AT_MOST, bound);
    }
}
