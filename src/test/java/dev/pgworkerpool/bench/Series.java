package dev.pgworkerpool.bench;

/**
 * What one of those that are compared yields: a figure a round.
 *
 * @param unit of the figures, such as {@code jobs/s}
 */
record Series(String name, String unit, Part part) {

    enum Part {
        /** What PostgreSQL could do at most, or the same without what is measured. */
        LIMIT,
        OURS,
        /** Its effect and its completion are one transaction, as with us. */
        PEER,
        /** They are two: a crash in between does the job again. */
        LOOSER_PEER
    }

    static Series limit(String name, String unit) {
        return new Series(name, unit, Part.LIMIT);
    }

    static Series ours(String name, String unit) {
        return new Series(name, unit, Part.OURS);
    }

    static Series peer(String name, String unit) {
        return new Series(name, unit, Part.PEER);
    }

    static Series looserPeer(String name, String unit) {
        return new Series(name, unit, Part.LOOSER_PEER);
    }
}
