package dev.pgworkerpool.worker;

/** Entry point of the worker pod. */
public final class WorkerMain {
    private WorkerMain() {}

    static void main() {
        System.exit(1);
    }
}
