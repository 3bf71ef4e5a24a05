package dev.pgworkerpool.worker;

import java.time.Duration;

/** How long a worker that has nothing to do waits for work. */
final class IdleTime {
    private final Duration atMost;
    private long began = System.nanoTime();

    IdleTime(Duration atMost) {
        this.atMost = atMost;
    }

    /** Only what was work: others may wake a worker for nothing as often as they like. */
    void beginsAnewIf(boolean worked) {
        if (worked) {
            began = System.nanoTime();
        }
    }

    Duration left() {
        return atMost.minusNanos(System.nanoTime() - began);
    }
}
