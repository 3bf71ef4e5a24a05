package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells from time to time how far a job is. Only a session of the same login sees that, so it opens a second one, which may take its
 * time: nobody waits for it.
 */
final class ProgressReport implements AutoCloseable {
    private static final Duration PERIOD = Duration.ofSeconds(2);

    private final ControlSession control;
    private final SubmitterSessions sessions;
    private final SubmitterSession session;
    private final int backend;
    private final long job;
    private final ScheduledExecutorService threads;
    private final Future<?> reports;

    private volatile boolean closed;
    private @Nullable SubmitterSession beside;

    ProgressReport(
            ControlSession control,
            SubmitterSessions sessions,
            SubmitterSession session,
            int backend,
            long job,
            ScheduledExecutorService threads) {
        this.control = control;
        this.sessions = sessions;
        this.session = session;
        this.backend = backend;
        this.job = job;
        this.threads = threads;
        this.reports = threads.scheduleWithFixedDelay(
                this::report, PERIOD.toMillis(), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    }

    private synchronized void report() {
        if (closed) {
            return;
        }
        try {
            if (beside == null) {
                beside = sessions.beside(session);
            }
            control.setProgress(job, beside.progressOf(backend));
        } catch (SQLException | WorkerEnds | RuntimeException e) {
            // Not worth a second try: the login may have one connection only.
            closed = true;
            Log.line("no progress of job " + job + ": " + e.getMessage());
        }
    }

    @Override
    public void close() {
        closed = true;
        reports.cancel(false);
        threads.execute(this::closeSession);
    }

    private synchronized void closeSession() {
        if (beside == null) {
            return;
        }
        try {
            beside.close();
        } catch (SQLException e) {
            Log.line("closing a second session: " + e.getMessage());
        }
    }
}
