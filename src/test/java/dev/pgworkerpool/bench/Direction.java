package dev.pgworkerpool.bench;

/** Which side of a bound a ratio has to be on. */
enum Direction {
    AT_LEAST("≥"),
    AT_MOST("≤");

    /** What is lost of a ratio before somebody has to look: less than that is the noise of a shared machine. */
    private static final double TOLERATED = 0.8;

    private final String symbol;

    Direction(String symbol) {
        this.symbol = symbol;
    }

    String symbol() {
        return symbol;
    }

    boolean meets(double ratio, double bound) {
        return this == AT_LEAST ? ratio >= bound : ratio <= bound;
    }

    /** The bound for a ratio that was this good once. */
    double tolerated(double before) {
        return this == AT_LEAST ? before * TOLERATED : before / TOLERATED;
    }
}
