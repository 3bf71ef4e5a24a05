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
        PEER
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
}
