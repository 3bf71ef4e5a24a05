package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.ConnectionSettings;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.queue.PoolDatabase;
import dev.pgworkerpool.queue.QueueNotifications;
import dev.pgworkerpool.queue.QueueStatistics;
import dev.pgworkerpool.queue.RoleLogin;
import dev.pgworkerpool.status.Readiness;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What the operator remembers of one pool between two passes, and its connections. All of it can be lost.
 *
 * <p>Its pool's passes come one at a time. The volatile fields are read by WorkerJobs, too.
 */
final class LivePool implements AutoCloseable {
    final String uid;
    final ResourceID id;

    final StartedTurns started = new StartedTurns();
    final BackOffs backOffs = new BackOffs();
    final LockedNames locked = new LockedNames();
    final WakeUps wakeUps = new WakeUps();
    /** Why a Job was deleted by us: told when its turn is over. */
    final Map<String, String> verdicts = new HashMap<>();
    /** What the pods of a Job that has not ended said last of their failure. */
    final Map<String, String> lastWords = new HashMap<>();
    /** Of the condition that was told last, by Event and in the log. */
    @Nullable
    String toldReason;
    /** Workers that should have started by now, by the names of their Jobs. */
    Map<String, LateWorker> late = Map.of();
    /** Roles whose jobs wait for a login, in words. */
    Map<String, String> missingLogins = Map.of();

    final Memo<Object, PoolCredentials> credentials = new Memo<>(Duration.ofSeconds(30));
    final Memo<Boolean, Optional<String>> lease = new Memo<>(Duration.ofSeconds(10));
    final Memo<List<RoleLogin>, List<String>> refusedLogins = new Memo<>(Duration.ofSeconds(30));
    final Memo<Boolean, Boolean> encrypted = new Memo<>(Duration.ofMinutes(10));
    final Memo<Boolean, QueueStatistics> statistics = new Memo<>(Duration.ofSeconds(2));
    final Memo<Object, Long> pruned = new Memo<>(Duration.ofSeconds(30));
    /** How many of its WorkerJobs are known to have been deleted. */
    final AtomicLong deletions = new AtomicLong();

    final Memo<Long, Integer> deletedCancelled = new Memo<>(Duration.ofMinutes(1));

    private volatile @Nullable PoolDatabase database;
    private volatile boolean queueIsOurs;
    private volatile String queueUid = "";
    private volatile @Nullable Readiness readiness;
    private volatile List<RoleLogin> logins = List.of();
    private volatile long generation;
    private volatile boolean closed;

    /** As people name it. */
    @Override
    public String toString() {
        return "WorkerPool " + id.getNamespace().orElse("") + "/" + id.getName();
    }

    LivePool(String uid, ResourceID id) {
        this.uid = uid;
        this.id = id;
    }

    /** Opens the database, or opens it anew when it is another one or has other credentials. */
    synchronized PoolDatabase database(ConnectionSettings settings, QueueNotifications notifications) {
        if (closed) {
            throw new PoolProblem(Readiness.reconciling("PoolDeleted", "this WorkerPool was deleted"));
        }
        PoolDatabase open = database;
        if (open != null && open.settings().equals(settings)) {
            return open;
        }
        disconnect();
        open = PoolDatabase.open(settings, notifications);
        database = open;
        return open;
    }

    /** What the last pass found; null before the first one. */
    @Nullable
    Readiness readiness() {
        return readiness;
    }

    void found(Readiness found) {
        readiness = found;
    }

    /** Roles whose jobs may run, and their logins. */
    List<RoleLogin> logins() {
        return logins;
    }

    /** Of the spec that {@link #logins} come from. */
    long generation() {
        return generation;
    }

    /** The database answers, the queue is this pool's, and these may use it. */
    void queueIsOurs(List<RoleLogin> usable, long specGeneration, String uid) {
        logins = usable;
        generation = specGeneration;
        queueUid = uid;
        queueIsOurs = true;
    }

    /** Of the queue that the last pass worked with. */
    String queueUid() {
        return queueUid;
    }

    /** The queue for others than the pool's own pass; empty unless the last pass could work with it. */
    Optional<JobQueue> queue() {
        PoolDatabase open = database;
        return open == null || !queueIsOurs ? Optional.empty() : Optional.of(open.queue());
    }

    /** Somebody else found the database out of reach. Until the pool's own pass gets through, nobody need try. */
    void queueFailed() {
        queueIsOurs = false;
    }

    /** Something failed: trust nothing that was learnt before. */
    void doubtAll() {
        queueIsOurs = false;
        credentials.forget();
        lease.forget();
        refusedLogins.forget();
        statistics.forget();
        PoolDatabase open = database;
        if (open != null) {
            open.checkSchemaAgain();
        }
    }

    /** Secrets of logins that can't be used, in words. */
    List<String> credentialProblems() {
        return credentials.last().map(PoolCredentials::problems).orElse(List.of());
    }

    /** Logins that the database refused, in words. */
    List<String> refusedLogins() {
        return refusedLogins.last().orElse(List.of());
    }

    /** Gives the queue to the next pool that wants it. Best effort: the lease ends by itself. */
    void release() {
        queue().ifPresent(queue -> queue.release(uid));
    }

    /** No pass of it is to write or tell anything any more; its connections stay until {@link #close}. */
    void poolIsDeleted() {
        closed = true;
    }

    /** Its pool is deleted, although a pass of it may still be at work. */
    boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        disconnect();
    }

    private void disconnect() {
        PoolDatabase open = database;
        database = null;
        queueIsOurs = false;
        lease.forget();
        refusedLogins.forget();
        statistics.forget();
        encrypted.forget();
        deletedCancelled.forget();
        if (open != null) {
            open.close();
        }
    }
}
