package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.time.Duration;

/** How many jobs have ended how since that was written down last; for metrics. */
final class OutcomeCounts {
    private static final Duration AGE = Duration.ofSeconds(10);

    private final ControlSession control;
    private long flushedAt = System.nanoTime();
    private int done;
    private int failed;

    OutcomeCounts(ControlSession control) {
        this.control = control;
    }

    void add(int moreDone, int moreFailed) {
        done += moreDone;
        failed += moreFailed;
    }

    /** @param status what a job is now: it may have been cancelled, or wait for another attempt */
    void add(String status) {
        add(status.equals("done") ? 1 : 0, status.equals("failed") ? 1 : 0);
    }

    boolean areOld() {
        return done + failed > 0 && System.nanoTime() - flushedAt > AGE.toNanos();
    }

    void flush() throws SQLException {
        if (done + failed > 0) {
            control.addOutcomes(done, failed);
            done = 0;
            failed = 0;
        }
        flushedAt = System.nanoTime();
    }
}
