package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Runs the queue until nothing waits or a stop is asked for.
 *
 * <p>Jobs run in batches inside the server, where only the server knows which of them is at work. So the first job of a turn,
 * and one after an error, runs alone, and with committed evidence that it began: a job that kills its session, its pod or
 * its server leaves a trace, and an error that no handler in the server could see can be laid at its door.
 */
final class Drain {
    private static final int BATCH_JOBS = 50;
    private static final int BATCH_MILLIS = 100;

    /** A job that runs for so long is noted down, with its start. */
    private static final Duration LONG = Duration.ofMillis(250);

    /** How long an entry of the index is believed: a job with a lower id may still commit. */
    private static final Duration HINT_AGE = Duration.ofSeconds(1);

    /** So often the numbers of done and failed jobs are written down. */
    private static final Duration OUTCOMES_AGE = Duration.ofSeconds(10);

    /** So often in a row may a claim fail (a deadlock, a cancel that came late) before the turn ends as a failed one. */
    private static final int CLAIM_ERRORS = 3;

    private final ControlSession control;
    private final SubmitterSessions sessions;
    private final ScheduledExecutorService watch;
    private final StopRequest stop;
    private final AtomicReference<@Nullable RunningCall> running = new AtomicReference<>();

    private boolean alone = true;
    private boolean gotOn;
    private int claimErrors;
    private long notGiven;
    private long afterId;
    private long hintSince = System.nanoTime();
    private long flushedAt = System.nanoTime();
    private int done;
    private int failed;

    /** A call that is in the server's hands. */
    record RunningCall(String login, int backend) {}

    Drain(ControlSession control, SubmitterSessions sessions, ScheduledExecutorService watch, StopRequest stop) {
        this.control = control;
        this.sessions = sessions;
        this.watch = watch;
        this.stop = stop;
    }

    /** The call that runs now, for the one who has to end it. */
    @Nullable
    RunningCall running() {
        return running.get();
    }

    void run() throws SQLException, WorkerEnds {
        for (var head = control.head(); head != null && !stop.requested(); head = control.head()) {
            var login = head.login();
            if (login == null) {
                throw new WorkerEnds(
                        Outcome.CREDENTIALS,
                        "job %d: role \"%s\" has no login in this worker pool any more"
                                .formatted(head.id(), head.submitter()));
            }
            var session = session(login, head.submitter());
            gotOn = true;
            if (alone) {
                runAlone(session, login, head.id());
            } else {
                runBatches(session, login);
            }
            if (outcomesAreOld()) {
                flushOutcomes();
            }
        }
        flushOutcomes();
    }

    /**
     * What this pod has no login for after its first jobs is left to the next one: a Secret that was added since this pod started is
     * not mounted in it.
     */
    private SubmitterSession session(String login, String submitter) throws SQLException, WorkerEnds {
        try {
            return sessions.of(login, submitter);
        } catch (WorkerEnds e) {
            if (!gotOn || e.outcome() != Outcome.CREDENTIALS) {
                throw e;
            }
            flushOutcomes();
            throw new WorkerEnds(Outcome.DRAINED, "the next pod may have it: " + e.getMessage(), e);
        }
    }

    private void runAlone(SubmitterSession session, String login, long job) throws SQLException, WorkerEnds {
        if (!control.begin(job)) {
            Log.line(
                    "job " + job
                            + " does not begin: it was cancelled, interrupted too often, or still runs in the session of an earlier worker");
            return;
        }
        try {
            alone = call(session, login, job).report().isEmpty();
            if (alone) {
                notGiven(job);
            }
            claimErrors = 0;
        } catch (SQLException e) {
            endIfLost(session, e);
            if (struckAtClaim(e)) {
                control.notBegun();
                if (++claimErrors == CLAIM_ERRORS) {
                    throw e;
                }
            } else {
                session.fail(job, e);
                Log.line("job " + job + " failed, SQLSTATE " + e.getSQLState());
                failed++;
            }
        }
    }

    /** Somebody cancelled it just now; or the session gets no jobs, which looking again would not change. */
    private void notGiven(long job) throws SQLException, WorkerEnds {
        control.notBegun();
        if (job == notGiven) {
            flushOutcomes();
            throw new WorkerEnds(
                    Outcome.UNEXPECTED, "the queue does not give job " + job + " to the session of its submitter");
        }
        notGiven = job;
    }

    private void runBatches(SubmitterSession session, String login) throws SQLException, WorkerEnds {
        try {
            while (call(session, login, null).more() && !stop.requested()) {
                forgetOldHint();
                if (outcomesAreOld()) {
                    return;
                }
            }
        } catch (SQLException e) {
            endIfLost(session, e);
            alone = true;
        }
    }

    private SubmitterSession.Drained call(SubmitterSession session, String login, @Nullable Long only)
            throws SQLException {
        var backend = session.backend();
        running.set(new RunningCall(login, backend));
        var note = watch.schedule(() -> noteRunning(backend), LONG.toMillis(), TimeUnit.MILLISECONDS);
        try {
            var drained = session.drain(only == null ? BATCH_JOBS : 1, BATCH_MILLIS, only, only == null ? afterId : 0);
            record(drained);
            return drained;
        } finally {
            note.cancel(false);
            running.set(null);
        }
    }

    private void noteRunning(int backend) {
        try {
            control.noteRunning(backend, LONG);
        } catch (SQLException e) {
            // The loop itself meets the lost session at its next look; until then the job goes on.
            Log.line("control session: " + Reason.of(e));
        }
    }

    private void record(SubmitterSession.Drained drained) {
        afterId = drained.afterId();
        drained.report().forEach(Log::line);
        failed += drained.failures();
        done += drained.report().size() - drained.failures();
    }

    private void forgetOldHint() {
        if (System.nanoTime() - hintSince > HINT_AGE.toNanos()) {
            afterId = 0;
            hintSince = System.nanoTime();
        }
    }

    /** Ends the worker if the session is gone: what its job did is rolled back, and the server may not know yet. */
    private void endIfLost(SubmitterSession session, SQLException error) throws SQLException, WorkerEnds {
        if (session.isAlive()) {
            return;
        }
        if (stop.requested()) {
            control.interrupted("the worker was asked to stop and its grace period ran out");
            throw new WorkerEnds(Outcome.INTERRUPTED, "stopped, the running job was rolled back", error);
        }
        var reason = "session lost: " + Reason.of(error);
        control.interrupted(reason);
        flushOutcomes();
        throw new WorkerEnds(Outcome.DATABASE_GONE, reason, error);
    }

    private static boolean struckAtClaim(SQLException error) {
        var message = Reason.serverMessage(error);
        return message != null
                && message.getWhere() != null
                && message.getWhere().contains("worker_pool.claim(");
    }

    private boolean outcomesAreOld() {
        return System.nanoTime() - flushedAt > OUTCOMES_AGE.toNanos();
    }

    private void flushOutcomes() throws SQLException {
        if (done + failed > 0) {
            control.addOutcomes(done, failed);
            done = 0;
            failed = 0;
        }
        flushedAt = System.nanoTime();
    }
}
