package dev.pgworkerpool.queue;

/**
 * What became of the statements of a WorkerJob that were to be cancelled.
 *
 * @param cancelled how many are, or are about to be
 * @param leftOver how many somebody's transaction held up, or the time was too short for: ask again
 */
public record Cancellation(int cancelled, int leftOver) {}
