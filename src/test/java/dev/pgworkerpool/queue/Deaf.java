package dev.pgworkerpool.queue;

/** For those who only call. */
final class Deaf implements QueueNotifications {
    @Override
    public void workFor(String worker) {}

    @Override
    public void workerJobChanged(String uid) {}

    @Override
    public void connected() {}
}
