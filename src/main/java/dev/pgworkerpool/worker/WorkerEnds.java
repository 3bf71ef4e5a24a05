package dev.pgworkerpool.worker;

import org.jspecify.annotations.Nullable;

/** The worker can't go on. Its message is the last line of the log, and so the reason that the operator shows. */
final class WorkerEnds extends Exception {
    private static final long serialVersionUID = 1L;

    private final Outcome outcome;

    WorkerEnds(Outcome outcome, String reason) {
        this(outcome, reason, null);
    }

    WorkerEnds(Outcome outcome, String reason, @Nullable Throwable cause) {
        super(reason, cause);
        this.outcome = outcome;
    }

    Outcome outcome() {
        return outcome;
    }
}
