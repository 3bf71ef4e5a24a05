package dev.pgworkerpool.worker;

/** Set once, when the pod is told to end. */
final class StopRequest {
    private volatile boolean requested;

    boolean requested() {
        return requested;
    }

    void request() {
        requested = true;
    }
}
