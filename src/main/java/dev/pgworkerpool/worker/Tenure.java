package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.time.Duration;

/** How long a worker keeps its slot: as long as it likes, until it has had it for a while and others wait for one. */
final class Tenure {
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(1);

    private final ControlSession control;
    private final Duration yieldAfter;
    private final long begunAt = System.nanoTime();
    private long lookedAt = begunAt;
    private boolean over;

    Tenure(ControlSession control, Duration yieldAfter) {
        this.control = control;
        this.yieldAfter = yieldAfter;
    }

    /** Whether the worker ends after the job that runs. Asked between jobs, so it looks once a second, and not before it is time. */
    boolean isOver() throws SQLException {
        if (!over && held() && System.nanoTime() - lookedAt > BETWEEN_LOOKS.toNanos()) {
            lookedAt = System.nanoTime();
            over = control.shouldEnd();
        }
        return over;
    }

    /** The same of a worker that has nothing to do: it makes way for others at once, and does not stay when its name is paused. */
    boolean isOverWhenIdle() throws SQLException {
        over = over || control.shouldEnd();
        return over;
    }

    private boolean held() {
        return yieldAfter.isPositive() && System.nanoTime() - begunAt > yieldAfter.toNanos();
    }
}
