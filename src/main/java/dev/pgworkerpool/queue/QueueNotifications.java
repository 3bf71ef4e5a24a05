package dev.pgworkerpool.queue;

/**
 * What a {@link QueueListener} hears. Called on its thread: don't block. All are hints to look; what they say may have been sent
 * by anybody who can log in to the database.
 */
public interface QueueNotifications {
    /** This name has work and no worker is awake. */
    void workFor(String worker);

    /** A statement of the WorkerJob with this uid began or ended. */
    void workerJobChanged(String uid);

    /** The listener is connected (again): whatever was sent before is lost, so look at everything. */
    void connected();
}
