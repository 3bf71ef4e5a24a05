package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Watches a call that is in the server's hands, from a thread beside the one that waits for its answer: notes down that a job is a
 * long one, has its progress reported, cancels it when somebody wants that, and ends the session of one that goes on regardless.
 *
 * <p>What it sends can't hit a later call of the session: {@link #close}, which comes behind the call, waits for it. Nor a later job of
 * the same call: that returns when a job was cancelled.
 */
final class CallWatch implements AutoCloseable {
    /** A job that runs for so long is noted down, with its start. */
    private static final Duration LONG = Duration.ofMillis(250);

    private static final Duration TICK = Duration.ofMillis(100);

    /** Word of a cancel may have been missed. */
    private static final Duration LOOK_ANYWAY = Duration.ofSeconds(5);

    /** Of opening another control session. */
    private static final Duration BETWEEN_TRIES = Duration.ofSeconds(2);

    /** So long a job may take to end whose time is over. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    /** The same of one that was cancelled: on a busy machine, the cancel takes a while to arrive. */
    private static final Duration CANCEL_GRACE = Duration.ofSeconds(5);

    private static final Duration ON_THE_WAY = Duration.ofMillis(250);

    /** Why an attempt was interrupted that {@link #stop} has ended. */
    static final String STOPPED_IN_MID_JOB = "the worker was asked to stop and its grace period ran out";

    static final String QUERY_CANCELED = "57014";

    private final ControlSession control;
    private final SubmitterSessions sessions;
    private final SubmitterSession session;
    private final int backend;
    private final @Nullable Duration timeout;
    private final ScheduledExecutorService threads;
    private final long begunAt = System.nanoTime();
    private final Future<?> ticks;

    private volatile @Nullable Long endedAt;
    private @Nullable Long job;
    private @Nullable ProgressReport progress;
    private long lookedAt;
    private long cancelledAt;
    private long quietUntil = begunAt;
    private @Nullable End end;

    /** Why a session was ended by its own worker. */
    enum End {
        CANCELLED,
        TIMED_OUT,
        STOPPED
    }

    /** @param timeout of the job that runs; null: none, or several jobs run */
    CallWatch(
            ControlSession control,
            SubmitterSessions sessions,
            SubmitterSession session,
            @Nullable Duration timeout,
            ScheduledExecutorService threads)
            throws SQLException {
        this.control = control;
        this.sessions = sessions;
        this.session = session;
        this.backend = session.backend();
        this.timeout = timeout;
        this.threads = threads;
        this.ticks =
                threads.scheduleWithFixedDelay(this::tick, LONG.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whether this error of the call, which has returned, means that the server has ended it at the timeout of its job. */
    boolean reachedTimeout(SQLException error) {
        return timeout != null && QUERY_CANCELED.equals(error.getSQLState()) && lasted().compareTo(timeout) >= 0;
    }

    /**
     * Whether the job has caught the end of its time and gone on, now that its call has returned; what takes so long on the way to here
     * is not its own time.
     */
    boolean wentOn() {
        return timeout != null && lasted().compareTo(timeout.plus(ON_THE_WAY)) > 0;
    }

    private Duration lasted() {
        var ended = endedAt;
        return Duration.ofNanos((ended == null ? System.nanoTime() : ended) - begunAt);
    }

    /** Why this worker ended the session; null: it did not. */
    synchronized @Nullable End end() {
        return end;
    }

    /**
     * Ends the session with the job that runs: closing the connection would leave the server at work. A cancel would be an outcome
     * of the job, which is to wait and run again instead.
     */
    synchronized void stop() {
        try {
            terminate(End.STOPPED);
        } catch (SQLException e) {
            Log.line("could not end the session of the running job: " + e.getMessage());
        }
    }

    /** How the worker ends whose running job was ended by {@link #stop}. */
    static WorkerEnds stopped(SQLException error) {
        return new WorkerEnds(Outcome.INTERRUPTED, "stopped, the running job was rolled back", error);
    }

    private synchronized void tick() {
        if (endedAt != null || end != null || System.nanoTime() < quietUntil) {
            return;
        }
        try {
            watch();
        } catch (SQLException | RuntimeException e) {
            Log.line("watching the running job: " + e);
            watchAnew();
        }
    }

    /** The job goes on in its session, whatever became of the control session. */
    private void watchAnew() {
        lookedAt = 0;
        try {
            control.replaceIfLost();
        } catch (SQLException | WorkerEnds e) {
            Log.line("no other control session yet: " + e.getMessage());
            quietUntil = System.nanoTime() + BETWEEN_TRIES.toNanos();
        }
    }

    private void watch() throws SQLException {
        if (timeout != null && since(begunAt).compareTo(timeout.plus(GRACE)) > 0) {
            terminate(End.TIMED_OUT);
            return;
        }
        if (job == null) {
            job = control.noteRunning(backend, since(begunAt));
            if (job == null) {
                return;
            }
            control.listenForCancels();
            progress = new ProgressReport(control, sessions, session, backend, job, threads);
        }
        if (cancelledAt != 0) {
            if (since(cancelledAt).compareTo(CANCEL_GRACE) > 0) {
                terminate(End.CANCELLED);
            }
        } else if (shouldLook(job)) {
            lookedAt = System.nanoTime();
            if (control.cancelWanted(job)) {
                session.cancel();
                cancelledAt = System.nanoTime();
            }
        }
    }

    private boolean shouldLook(long running) throws SQLException {
        return control.heardCancel(running) || lookedAt == 0 || since(lookedAt).compareTo(LOOK_ANYWAY) > 0;
    }

    private void terminate(End why) throws SQLException {
        if (endedAt != null || end != null) {
            return;
        }
        end = why;
        try (var other = sessions.beside(session)) {
            other.terminate(backend);
        } catch (SQLException | WorkerEnds e) {
            // The login may have one connection only. The server ends a session whose client has gone, in seconds.
            Log.line("could not end the session of the running job, so its connection is cut: " + e.getMessage());
            session.abort();
        }
    }

    private static Duration since(long nanoTime) {
        return Duration.ofNanos(System.nanoTime() - nanoTime);
    }

    /** The call has returned. */
    @Override
    public void close() {
        endedAt = System.nanoTime();
        waitForTick();
    }

    private synchronized void waitForTick() {
        ticks.cancel(false);
        if (progress != null) {
            progress.close();
        }
    }
}
