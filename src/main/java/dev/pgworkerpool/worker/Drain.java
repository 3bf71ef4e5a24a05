package dev.pgworkerpool.worker;

import dev.pgworkerpool.worker.CallWatch.End;
import dev.pgworkerpool.worker.ControlSession.Head;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Runs the queue until nothing waits that may run now, the slot is others' turn, or a stop is asked for.
 *
 * <p>Jobs run in batches inside the server, where only the server knows which of them is at work. So the first job of a turn,
 * and one after an error, runs alone, and with committed evidence that it began: a job that kills its session, its pod or
 * its server leaves a trace, and an error that no handler in the server could see can be laid at its door. A job with a timeout runs
 * alone because the limit is that of a call, and an autocommit job because it needs a session without a transaction.
 */
final class Drain {
    private static final int BATCH_JOBS = 200;
    private static final int BATCH_MILLIS = 100;

    /** How long an entry of the index is believed: a job with a lower id may still commit. */
    private static final Duration HINT_AGE = Duration.ofSeconds(1);

    /** So often in a row may a claim fail (a deadlock, a cancel that came late) before the turn ends as a failed one. */
    private static final int CLAIM_ERRORS = 3;

    private final ControlSession control;
    private final SubmitterSessions sessions;
    private final ScheduledExecutorService watch;
    private final StopRequest stop;
    private final Tenure tenure;
    private final OutcomeCounts counts;
    private final AtomicReference<@Nullable CallWatch> running = new AtomicReference<>();

    private boolean alone = true;
    private boolean gotOn;
    private int claimErrors;
    private long lastNotGiven;
    private long afterId;
    private long hintSince = System.nanoTime();

    Drain(
            ControlSession control,
            SubmitterSessions sessions,
            ScheduledExecutorService watch,
            StopRequest stop,
            Tenure tenure) {
        this.control = control;
        this.sessions = sessions;
        this.watch = watch;
        this.stop = stop;
        this.tenure = tenure;
        this.counts = new OutcomeCounts(control);
    }

    /** Of the call that runs now, for the one who has to end it. */
    @Nullable
    CallWatch running() {
        return running.get();
    }

    /** Returns whether there was anything to do. */
    boolean run() throws SQLException, WorkerEnds {
        afterId = 0;
        boolean worked = resume();
        for (var head = control.head(); head != null && mayGoOn(); head = control.head()) {
            worked = true;
            var login = head.login();
            if (login == null) {
                throw new WorkerEnds(
                        Outcome.CREDENTIALS,
                        "job %d: role \"%s\" has no login in this worker pool any more"
                                .formatted(head.id(), head.submitter()));
            }
            if (head.autocommit()) {
                runOutsideTransaction(head, login);
            } else if (alone || head.timeout() != null) {
                runAlone(session(login, head.submitter()), head);
            } else {
                runBatches(session(login, head.submitter()));
            }
            if (counts.areOld()) {
                counts.flush();
            }
        }
        counts.flush();
        return worked;
    }

    /**
     * Without a look at the queue: the next job is probably of the submitter that queued the last one. Returns whether there was
     * anything to do.
     */
    private boolean resume() throws SQLException, WorkerEnds {
        var session = sessions.last();
        if (session == null || alone || !mayGoOn()) {
            return false;
        }
        var drained = runBatch(session);
        return drained == null || !drained.report().isEmpty();
    }

    private boolean mayGoOn() throws SQLException {
        return !stop.requested() && !tenure.isOver() && !control.lostLocks();
    }

    private SubmitterSession session(String login, String submitter) throws SQLException, WorkerEnds {
        return mounted(() -> sessions.of(login, submitter));
    }

    private interface Opening {
        SubmitterSession open() throws SQLException, WorkerEnds;
    }

    /**
     * What this pod has no login for after its first jobs is left to the next one: a Secret that was added since this pod started is
     * not mounted in it.
     */
    private SubmitterSession mounted(Opening opening) throws SQLException, WorkerEnds {
        try {
            var session = opening.open();
            gotOn = true;
            return session;
        } catch (WorkerEnds e) {
            if (!gotOn || e.outcome() != Outcome.CREDENTIALS) {
                throw e;
            }
            counts.flush();
            throw new WorkerEnds(Outcome.DRAINED, "the next pod may have it: " + e.getMessage(), e);
        }
    }

    private void runAlone(SubmitterSession session, Head head) throws SQLException, WorkerEnds {
        if (!begins(head, null)) {
            return;
        }
        var timeout = head.timeout();
        if (timeout != null) {
            session.limit(timeout);
        }
        var watched = watch(session, timeout);
        try (watched) {
            alone = record(session.drain(1, BATCH_MILLIS, head.id(), 0))
                    .report()
                    .isEmpty();
        } catch (SQLException e) {
            failedAlone(session, head, watched, e);
            return;
        }
        if (droppedLate(session, watched)) {
            return;
        }
        if (timeout != null) {
            session.lift();
        }
        claimErrors = 0;
        if (alone) {
            notGiven(head.id());
        }
    }

    private void failedAlone(SubmitterSession session, Head head, CallWatch watched, SQLException error)
            throws SQLException, WorkerEnds {
        if (endedByUs(session, watched, error)) {
            recordEnded(head, watched);
            return;
        }
        var timeout = head.timeout();
        session.lift();
        if (struckIn("await_cancel", error)) {
            // Done in time, it waited for somebody who cancels it and has not decided: it begins anew behind that.
            Log.line("job " + head.id() + " is rolled back: its time ended while somebody was about to cancel it");
            control.notBegun();
        } else if (struckIn("claim", error) && ++claimErrors < CLAIM_ERRORS) {
            control.notBegun();
        } else if (timeout != null && watched.reachedTimeout(error)) {
            // Outside the job's own sub-transaction: each time before it begins, if the limit is a short one.
            claimErrors = 0;
            var status = control.endTimedOut(head.id(), timeout, false);
            Log.line("job " + head.id() + " " + status + ", SQLSTATE " + error.getSQLState()
                    + ": it reached its timeout");
            counts.add(status);
        } else if (struckIn("claim", error)) {
            control.notBegun();
            throw error;
        } else {
            var status = control.endFailed(head.id(), Reason.parts(error));
            Log.line("job " + head.id() + " " + status + ", SQLSTATE " + error.getSQLState() + ": " + Reason.of(error));
            counts.add(status);
        }
    }

    private boolean begins(Head head, @Nullable Integer backend) throws SQLException {
        if (control.begin(head.id(), backend)) {
            return true;
        }
        Log.line(
                "job " + head.id()
                        + " does not begin: it was cancelled or interrupted too often, its name was stopped, or somebody holds it up");
        return false;
    }

    /** Somebody cancelled it just now; or the session gets no jobs, which looking again would not change. */
    private void notGiven(long job) throws SQLException, WorkerEnds {
        control.notBegun();
        if (job == lastNotGiven) {
            counts.flush();
            throw new WorkerEnds(
                    Outcome.UNEXPECTED, "the queue does not give job " + job + " to the session of its submitter");
        }
        lastNotGiven = job;
    }

    private void runBatches(SubmitterSession session) throws SQLException, WorkerEnds {
        boolean more = true;
        while (more && mayGoOn() && !counts.areOld()) {
            var drained = runBatch(session);
            more = drained != null && drained.more();
        }
    }

    /** Null: there was an error that is no job's. */
    private SubmitterSession.@Nullable Drained runBatch(SubmitterSession session) throws SQLException, WorkerEnds {
        forgetOldHint();
        SubmitterSession.Drained drained;
        var watched = watch(session, null);
        try (watched) {
            drained = record(session.drain(BATCH_JOBS, BATCH_MILLIS, null, afterId));
        } catch (SQLException e) {
            endedByUs(session, watched, e);
            alone = true;
            return null;
        }
        return droppedLate(session, watched) ? null : drained;
    }

    private CallWatch watch(SubmitterSession session, @Nullable Duration timeout) throws SQLException {
        var watched = new CallWatch(control, sessions, session, timeout, watch);
        running.set(watched);
        return watched;
    }

    private SubmitterSession.Drained record(SubmitterSession.Drained drained) {
        running.set(null);
        afterId = drained.afterId();
        drained.report().forEach(Log::line);
        if (!drained.report().isEmpty()) {
            lastNotGiven = 0;
        }
        counts.add(drained.done(), drained.failed());
        return drained;
    }

    private void forgetOldHint() {
        if (System.nanoTime() - hintSince > HINT_AGE.toNanos()) {
            afterId = 0;
            hintSince = System.nanoTime();
        }
    }

    private void runOutsideTransaction(Head head, String login) throws SQLException, WorkerEnds {
        alone = true;
        try (var session = mounted(() -> sessions.open(login, head.submitter()))) {
            var attempt = new AutocommitAttempt(control, session, head);
            if (begins(head, session.backend())) {
                counts.add(attempt.run(watch(session, head.timeout())));
            }
        } finally {
            running.set(null);
        }
    }

    /**
     * Whether this worker has ended the session, for the job's sake. Ends the worker if the session is gone for another reason: what
     * its job did is rolled back, and the server may not know yet.
     */
    private boolean endedByUs(SubmitterSession session, CallWatch watched, SQLException error)
            throws SQLException, WorkerEnds {
        running.set(null);
        var end = watched.end();
        if (end == End.STOPPED) {
            control.interrupted(session.login(), CallWatch.STOPPED_IN_MID_JOB);
            throw CallWatch.stopped(error);
        }
        if (end != null) {
            sessions.drop(session);
            return true;
        }
        if (session.isAlive()) {
            return false;
        }
        var reason = Reason.sessionLost(error);
        control.interrupted(session.login(), reason);
        counts.flush();
        throw new WorkerEnds(Outcome.DATABASE_GONE, reason, error);
    }

    /** Whether this worker has ended the session of a job that came to its end at the same moment. */
    private boolean droppedLate(SubmitterSession session, CallWatch watched) throws SQLException {
        if (watched.end() == null) {
            return false;
        }
        sessions.drop(session);
        alone = true;
        return true;
    }

    /** A cancelled job is seen to when it is to begin again. */
    private void recordEnded(Head head, CallWatch watched) throws SQLException {
        var timeout = head.timeout();
        if (watched.end() == End.TIMED_OUT && timeout != null) {
            Log.line("job " + head.id() + " went on behind its timeout: its session was ended");
            counts.add(control.endTimedOut(head.id(), timeout, false));
        } else {
            Log.line("job " + head.id() + " went on although it was cancelled: its session was ended");
        }
    }

    private static boolean struckIn(String function, SQLException error) {
        var message = Reason.serverMessage(error);
        return message != null
                && message.getWhere() != null
                && message.getWhere().contains("worker_pool." + function + "(");
    }
}
