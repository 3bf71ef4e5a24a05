package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** One turn of a worker: be awake, drain the queue, linger if asked to, end. */
final class Worker {
    /** How soon a lingering worker sees that it has to stop. */
    private static final Duration LOOK_UP = Duration.ofMillis(500);

    private final WorkerSettings settings;
    private final Connections connections;
    private final ScheduledExecutorService watch;
    private final StopRequest stop = new StopRequest();
    private volatile @Nullable Drain drain;

    Worker(WorkerSettings settings, ScheduledExecutorService watch) {
        this.settings = settings;
        this.connections = new Connections(settings);
        this.watch = watch;
    }

    /** Runs in the caller's thread until the worker ends; never throws. */
    Outcome run() {
        try {
            return turn();
        } catch (WorkerEnds e) {
            return end(e.outcome(), e.getMessage());
        } catch (SQLException e) {
            return end(lost(e) ? Outcome.DATABASE_GONE : Outcome.UNEXPECTED, Reason.of(e));
        } catch (RuntimeException | Error e) {
            return end(Outcome.UNEXPECTED, e.toString());
        }
    }

    private Outcome turn() throws WorkerEnds, SQLException {
        try (var control = new ControlSession(connections, settings.worker());
                var sessions = new SubmitterSessions(connections, settings.worker())) {
            var awake = new AwakeLock(control);
            if (!awake.take()) {
                return end(Outcome.LOCK_HELD, "another worker of this name is awake");
            }
            if (settings.idleTimeout().isPositive()) {
                control.listenForWork();
            }
            control.up(settings.pod());
            var tenure = new Tenure(control, settings.yieldAfter());
            var loop = new Drain(control, sessions, watch, stop, tenure);
            drain = loop;
            var idle = new IdleTime(settings.idleTimeout());
            do {
                if (loop.run()) {
                    idle.beginsAnew();
                }
                awake.release();
            } while (!stop.requested() && !tenure.isOver() && isWanted(control, tenure, idle) && awake.take());
            return end(
                    Outcome.DRAINED,
                    stop.requested()
                            ? "stopped"
                            : tenure.isOver() ? "others wait, or its name is paused" : "nothing waits");
        }
    }

    /** Looks once more, and listens until the idle time is over. Whether what it hears is about a job, the drain finds out. */
    private boolean isWanted(ControlSession control, Tenure tenure, IdleTime idle) throws SQLException {
        while (!control.wanted()) {
            var left = idle.left();
            if (!left.isPositive() || stop.requested() || tenure.isOverWhenIdle()) {
                return false;
            }
            if (control.awaitWakeUp(left.compareTo(LOOK_UP) < 0 ? left : LOOK_UP)) {
                return true;
            }
        }
        idle.beginsAnew();
        return true;
    }

    /** Asks the worker to end after the job that runs. */
    void stop() {
        stop.request();
    }

    /** Rolls back the job that runs, which waits and runs again. */
    void abandonRunningJob() {
        var loop = drain;
        var call = loop == null ? null : loop.running();
        if (call != null) {
            call.stop();
        }
    }

    private static boolean lost(SQLException e) {
        var state = e.getSQLState();
        return state != null && (state.startsWith("08") || state.startsWith("57P"));
    }

    private static Outcome end(Outcome outcome, @Nullable String reason) {
        Log.line("worker ends (" + outcome.exitCode() + "): " + reason);
        return outcome;
    }
}
