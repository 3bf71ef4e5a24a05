package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.time.Duration;

/**
 * The promise "a worker of this name is awake", on which submitters count when they do not notify anybody.
 *
 * <p>Held while awake. To stop: release, wait at the barrier for the submitters in flight that saw it held, look once more. It
 * saves wake-ups and idle pods; that two workers never run a job at once is not its business but that of the row lock in
 * {@code worker_pool.claim}.
 */
final class AwakeLock {
    private static final Duration SUBMITTERS = Duration.ofSeconds(2);
    private static final Duration BARRIER = Duration.ofSeconds(3);

    private final ControlSession control;
    private boolean held;

    AwakeLock(ControlSession control) {
        this.control = control;
    }

    /**
     * False: another worker is awake. True without the lock when a session that is no worker's keeps it: anybody can take an
     * advisory lock, and must not stop a name by it.
     */
    boolean take() throws SQLException {
        held = control.tryAwakeLock();
        if (!held && !control.awakeElsewhere()) {
            held = control.awaitAwakeLock(SUBMITTERS);
        }
        return held || !control.awakeElsewhere();
    }

    /** Releases the lock. Afterwards a submit either notified, or is visible to the next look at the queue. */
    void release() throws SQLException {
        if (held) {
            control.releaseAwakeLock();
            held = false;
        }
        control.passBarrier(BARRIER);
    }
}
