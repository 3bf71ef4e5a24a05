package dev.pgworkerpool.bench;

import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;

/**
 * Waits for parts of a millisecond. The kernel wakes a thread some 50 µs late (its timer slack) and the thread takes its time to
 * get going, so it is told to come earlier by as much as it was late before; the rest is spent awake.
 */
final class PreciseWait {
    private static final int TRIES = 301;
    private static final long TRIED_NANOS = 200_000;

    private final long lateNanos;

    private PreciseWait(long lateNanos) {
        this.lateNanos = lateNanos;
    }

    /** Finds out how late threads of this machine are. */
    static PreciseWait calibrate() {
        var late = LongStream.generate(PreciseWait::late).limit(TRIES).sorted().toArray();
        return new PreciseWait(late[TRIES / 2]);
    }

    void until(long nanoTime) {
        long early = nanoTime - lateNanos - System.nanoTime();
        if (early > 0) {
            LockSupport.parkNanos(early);
        }
        while (System.nanoTime() < nanoTime) {
            Thread.onSpinWait();
        }
    }

    private static long late() {
        long due = System.nanoTime() + TRIED_NANOS;
        LockSupport.parkNanos(TRIED_NANOS);
        return System.nanoTime() - due;
    }
}
