package dev.pgworkerpool.worker;

import java.time.Duration;

/** How long a worker that has nothing to do waits for work. It begins anew with what was work: everybody may wake a worker for nothing. */
final class IdleTime {
    private final Duration atMost;
    private long began = System.nanoTime();

    IdleTime(Duration atMost) {
        this.atMost = atMost;
    }

    void beginsAnew() {
        began = System.nanoTime();
    }

    Duration left() {
        return atMost.minusNanos(System.nanoTime() - began);
    }
}
