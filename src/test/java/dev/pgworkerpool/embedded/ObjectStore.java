package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All objects, the order of their changes, and the latest changes themselves for those who watch.
 *
 * <p>A stored object is never changed, only replaced: whoever wants to change one works on a copy. Everything is guarded by
 * one lock; {@link #locked} makes a read and the write that follows from it one step.
 */
final class ObjectStore {
    /** Watches further behind than so many changes have to list again, so that a long run does not fill the memory. */
    static final int REMEMBERED_CHANGES = 3_000;

    /** A change with the objects it was about, {@code before} is null for a new object. */
    record Update(
            long revision,
            Change.Type type,
            ObjectKey key,
            ObjectNode object,
            @Nullable ObjectNode before) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final NavigableMap<ObjectKey, ObjectNode> objects = new TreeMap<>();
    private final ArrayDeque<Update> recent = new ArrayDeque<>();
    private final List<Change> history = new ArrayList<>();
    private final List<Consumer<Update>> listeners = new CopyOnWriteArrayList<>();
    private long revision = 1;
    private long oldestKnown = 1;

    <T> T locked(Supplier<T> work) {
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** Calls the listener inside each change, under the lock: it must be quick and only take note. */
    void subscribe(Consumer<Update> listener) {
        listeners.add(listener);
    }

    long revision() {
        return locked(() -> revision);
    }

    Optional<ObjectNode> get(ObjectKey key) {
        return locked(() -> Optional.ofNullable(objects.get(key)));
    }

    /** The objects of a type, by namespace and name; of all namespaces if {@code namespace} is null. */
    List<ObjectNode> list(ResourceType type, @Nullable String namespace) {
        return locked(() -> List.copyOf(range(type, namespace)));
    }

    /** Stores the object under the next revision, which it writes into the object. */
    ObjectNode put(ResourceType type, ObjectNode object) {
        return locked(() -> {
            var key = type.keyOf(object);
            Json.metadata(object).put("resourceVersion", Long.toString(++revision));
            var before = objects.put(key, object);
            record(type, before == null ? Change.Type.ADDED : Change.Type.MODIFIED, key, object, before);
            return object;
        });
    }

    ObjectNode remove(ResourceType type, ObjectNode object) {
        return locked(() -> {
            var key = type.keyOf(object);
            var before = objects.remove(key);
            var last = object.deepCopy();
            Json.metadata(last).put("resourceVersion", Long.toString(++revision));
            record(type, Change.Type.DELETED, key, last, before);
            return last;
        });
    }

    /** The changes after a revision, oldest first. Waits for one, at most so long; may return none. */
    @SuppressWarnings("WaitNotInLoop") // to come back early with nothing is fine
    List<Update> changesAfter(long after, Duration wait) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            if (after < oldestKnown) {
                throw ApiError.expired(after, oldestKnown);
            }
            if (after >= revision) {
                var ignored = changed.awaitNanos(wait.toNanos());
            }
            if (after < oldestKnown) {
                throw ApiError.expired(after, oldestKnown);
            }
            var result = new ArrayList<Update>();
            for (var updates = recent.descendingIterator(); updates.hasNext(); ) {
                var update = updates.next();
                if (update.revision() <= after) {
                    break;
                }
                result.add(update);
            }
            return result.reversed();
        } finally {
            lock.unlock();
        }
    }

    /** Wakes all who wait in {@link #changesAfter}. */
    void wakeWatches() {
        locked(() -> {
            changed.signalAll();
            return true;
        });
    }

    List<Change> history() {
        return locked(() -> List.copyOf(history));
    }

    private Collection<ObjectNode> range(ResourceType type, @Nullable String namespace) {
        var storage = type.storage();
        if (namespace == null || !type.namespaced()) {
            return objects.subMap(new ObjectKey(storage, "", ""), new ObjectKey(storage + '\0', "", ""))
                    .values();
        }
        return objects.subMap(new ObjectKey(storage, namespace, ""), new ObjectKey(storage, namespace + '\0', ""))
                .values();
    }

    private void record(
            ResourceType type, Change.Type what, ObjectKey key, ObjectNode object, @Nullable ObjectNode before) {
        var update = new Update(revision, what, key, object, before);
        recent.add(update);
        if (recent.size() > REMEMBERED_CHANGES) {
            oldestKnown = recent.removeFirst().revision();
        }
        var phase = type.storage().equals("/pods") ? Json.text(object, "status", "phase") : null;
        history.add(new Change(revision, Instant.now(), what, type.kind(), key.namespace(), key.name(), phase));
        listeners.forEach(listener -> listener.accept(update));
        changed.signalAll();
    }
}
