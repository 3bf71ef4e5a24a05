package dev.pgworkerpool.bench;

/** One number that was measured. */
record Figure(Series series, double value) {}
