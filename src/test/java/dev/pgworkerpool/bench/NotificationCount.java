package dev.pgworkerpool.bench;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** Somebody who listens as the operator does, and counts what comes. */
final class NotificationCount implements AutoCloseable {
    private static final Duration LOOK_UP = Duration.ofMillis(100);

    private final Listener listener;
    private final LongAdder heard = new LongAdder();
    private final Thread thread;
    private volatile boolean closed;

    NotificationCount(BenchDatabase database, String... channels) throws SQLException {
        listener = new Listener(database.as(BenchDatabase.ALICE), List.of(channels));
        thread = Thread.ofPlatform().daemon().name("listener").start(this::listen);
    }

    /** Since it was asked last. All of what is committed has come, or comes within {@link #LOOK_UP}. */
    long sinceLast() {
        return heard.sumThenReset();
    }

    @Override
    public void close() throws SQLException, InterruptedException {
        closed = true;
        thread.join();
        listener.close();
    }

    private void listen() {
        try {
            while (!closed) {
                heard.add(listener.await(LOOK_UP));
            }
        } catch (SQLException e) {
            throw new IllegalStateException("nobody listens any more", e);
        }
    }
}
