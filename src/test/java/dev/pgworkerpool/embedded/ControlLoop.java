package dev.pgworkerpool.embedded;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Brings one thing after the other into order: a queue of keys without duplicates, worked off by one thread. A key whose turn
 * failed comes again a little later.
 */
final class ControlLoop<K> implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(ControlLoop.class.getName());
    private static final Duration RETRY = Duration.ofMillis(500);

    /** What is done with a key; called by one thread only. */
    interface Reconciler<K> {
        void reconcile(K key);
    }

    /** Lets a turn begin, or holds it up. */
    interface Gate {
        void await() throws InterruptedException;
    }

    private record Entry<K>(K key, Instant due, boolean immediate) implements Delayed {
        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(Duration.between(Instant.now(), due));
        }

        @Override
        public int compareTo(Delayed other) {
            return due.compareTo(((Entry<?>) other).due);
        }
    }

    private final DelayQueue<Entry<K>> queue = new DelayQueue<>();
    private final Set<K> pending = ConcurrentHashMap.newKeySet();
    private final Map<K, Instant> timers = new ConcurrentHashMap<>();
    private final Reconciler<K> reconciler;
    private final Gate gate;
    private final Thread thread;

    ControlLoop(String name, Gate gate, Reconciler<K> reconciler) {
        this.reconciler = reconciler;
        this.gate = gate;
        this.thread = Thread.ofVirtual().name(name).unstarted(this::run);
    }

    ControlLoop<K> start() {
        thread.start();
        return this;
    }

    void enqueue(K key) {
        if (pending.add(key)) {
            queue.add(new Entry<>(key, Instant.now(), true));
        }
    }

    /** Not needed if the key comes earlier anyway: its turn will ask again for what is still to come. */
    void enqueueAfter(K key, Duration delay) {
        var due = Instant.now().plus(delay);
        var planned = timers.get(key);
        if (planned == null || due.isBefore(planned)) {
            timers.put(key, due);
            queue.add(new Entry<>(key, due, false));
        }
    }

    private void run() {
        try {
            while (true) {
                var entry = queue.take();
                gate.await();
                if (entry.immediate()) {
                    pending.remove(entry.key());
                } else {
                    timers.remove(entry.key(), entry.due());
                }
                reconcile(entry.key());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
        }
    }

    private void reconcile(K key) {
        try {
            reconciler.reconcile(key);
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, e, () -> "%s: %s".formatted(thread.getName(), key));
            enqueueAfter(key, RETRY);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
