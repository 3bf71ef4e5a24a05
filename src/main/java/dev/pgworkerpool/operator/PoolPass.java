package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.schedule.Turns;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

/**
 * One look at one pool: what the steps of a reconcile work on.
 *
 * @param turns what the informers' caches show
 */
record PoolPass(WorkerPool pool, LivePool live, Turns turns, Instant now) {

    String namespace() {
        return pool.getMetadata().getNamespace();
    }

    String name() {
        return pool.getMetadata().getName();
    }

    /** Names that hold a slot: those the caches show, and those that were just started. */
    Set<String> holders() {
        Set<String> holders = new HashSet<>(turns.holders());
        holders.addAll(live.started.workers());
        return holders;
    }
}
