package dev.pgworkerpool.schedule;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A worker name that has something to do.
 *
 * @param worker the name
 * @param turn the number of the turn that would start now
 * @param headId its first waiting job; null when it was only launched
 * @param submitter whose job that is
 * @param waitingSince since when its head waits
 * @param heldFor how long it must not start yet, because of its back-off or of the delay before its head's next attempt; null: it may
 * @param hasLogin whether the submitter of the head still has a login in the pool
 */
public record Demand(
        String worker,
        int turn,
        @Nullable Long headId,
        @Nullable String submitter,
        Instant waitingSince,
        @Nullable Duration heldFor,
        boolean hasLogin) {

    public Demand nextTurn() {
        return new Demand(worker, turn + 1, headId, submitter, waitingSince, heldFor, hasLogin);
    }
}
