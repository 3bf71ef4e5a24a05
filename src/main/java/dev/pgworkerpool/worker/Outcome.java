package dev.pgworkerpool.worker;

/** How a worker ended, as its exit code says. */
public enum Outcome {
    /** Nothing waits any more that this pod can run, it lets others have its slot, or it was asked to stop and did so between two jobs. */
    DRAINED(0),
    UNEXPECTED(1),
    /** Another worker of this name is awake and does the work. */
    LOCK_HELD(10),
    /** A login that is needed is missing from the mounted credentials, or was rejected. */
    CREDENTIALS(11),
    /** A connection could not be made or was lost. */
    DATABASE_GONE(12),
    /** The worker was asked to stop and rolled its job back, since it did not end within the grace period. */
    INTERRUPTED(13);

    private final int exitCode;

    Outcome(int exitCode) {
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }
}
