package dev.pgworkerpool.bench;

/**
 * How an aim was met.
 *
 * @param id the same in each run
 * @param reference what ours was divided by, round by round
 */
record Ratio(String id, Aim aim, Series reference, Spread spread) {
    boolean met() {
        return aim.direction().meets(spread.median(), aim.bound());
    }
}
