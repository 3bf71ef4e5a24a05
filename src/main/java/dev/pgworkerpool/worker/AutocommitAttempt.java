package dev.pgworkerpool.worker;

import dev.pgworkerpool.worker.CallWatch.End;
import dev.pgworkerpool.worker.ControlSession.AutocommitJob;
import dev.pgworkerpool.worker.ControlSession.Head;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;

/**
 * One attempt of a job outside a transaction: one statement at top level, in a session of its own, as nobody cleans up behind it. How it
 * ended is recorded by the control session; what it did stays, whatever that is.
 */
final class AutocommitAttempt {
    private final ControlSession control;
    private final SubmitterSession session;
    private final Head head;
    private final AutocommitJob job;

    AutocommitAttempt(ControlSession control, SubmitterSession session, Head head) throws SQLException {
        this.control = control;
        this.session = session;
        this.head = head;
        this.job = control.autocommitJob(head.id());
    }

    /** Returns what the job is now. It has begun, with committed evidence. */
    String run(CallWatch watched) throws SQLException, WorkerEnds {
        var begunAt = System.nanoTime();
        Long rows;
        try (watched) {
            rows = session.runOutsideTransaction(
                    head.id(), job, Objects.requireNonNullElse(head.timeout(), Duration.ZERO));
        } catch (SQLException e) {
            control.replaceIfLost();
            var status = failed(watched, e);
            log(status, begunAt, ", SQLSTATE " + e.getSQLState() + ": " + Reason.of(e));
            return status;
        }
        control.replaceIfLost();
        var timeout = head.timeout();
        if (timeout != null && watched.wentOn()) {
            session.close(); // before it is said that nobody knows what it did
            var status = control.endTimedOut(head.id(), timeout, true);
            log(status, begunAt, ": it went on behind its timeout");
            return status;
        }
        var status = control.endDone(head.id(), rows);
        log(status, begunAt, "");
        return status;
    }

    /** As what runs in a transaction is logged (worker_pool.drain). */
    private void log(String status, long begunAt, String error) {
        Log.line("job %d %s in %d ms, outside a transaction%s"
                .formatted(
                        head.id(),
                        status.equals("waiting") ? "failed, and has another attempt," : status,
                        Duration.ofNanos(System.nanoTime() - begunAt).toMillis(),
                        error));
    }

    private String failed(CallWatch watched, SQLException error) throws SQLException, WorkerEnds {
        var timeout = head.timeout();
        var end = watched.end();
        if (end == End.STOPPED) {
            control.endUnknown(head.id(), "interrupted", CallWatch.STOPPED_IN_MID_JOB);
            throw CallWatch.stopped(error);
        }
        if (end == End.TIMED_OUT && timeout != null) {
            return control.endTimedOut(head.id(), timeout, true);
        }
        if (end == End.CANCELLED) {
            return control.endUnknown(head.id(), "cancelled", "it went on regardless, so its session was ended");
        }
        if (!session.isAlive()) {
            return control.endUnknown(head.id(), "interrupted", Reason.sessionLost(error));
        }
        return timeout != null && watched.reachedTimeout(error)
                ? control.endTimedOut(head.id(), timeout, false)
                : control.endFailed(head.id(), Reason.parts(error));
    }
}
