package dev.pgworkerpool.demo;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;

/**
 * Closes what was started, last first, whenever that is asked for: a signal may come in the middle of the start. Whoever is
 * starting something is waited for, and nothing more is started afterwards.
 *
 * <p>Thread-safe; {@link #close()} may be called more than once.
 */
final class Teardown implements AutoCloseable {
    private final Deque<AutoCloseable> started = new ArrayDeque<>();
    private boolean closed;

    /** Starts one thing and remembers to close it. */
    synchronized <T extends AutoCloseable> T start(Callable<T> thing) throws Exception {
        if (closed) {
            throw new IllegalStateException("asked to stop");
        }
        var running = thing.call();
        started.push(running);
        return running;
    }

    @Override
    public synchronized void close() {
        closed = true;
        while (!started.isEmpty()) {
            closeOne(started.pop());
        }
    }

    /** What cannot be closed must not keep the others from being closed. */
    private static void closeOne(AutoCloseable thing) {
        try {
            thing.close();
        } catch (Exception e) {
            System.err.println("could not stop " + thing.getClass().getSimpleName() + ": " + e.getMessage());
        }
    }
}
