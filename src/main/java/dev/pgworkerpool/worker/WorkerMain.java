package dev.pgworkerpool.worker;

import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.crypto.SecretKeyFactory;

/**
 * Entry point of the worker pod: drains the queue of the one name in {@code PGWP_WORKER} and ends with the exit code of its
 * {@link Outcome}.
 *
 * <p>On SIGTERM it lets the job that runs come to its end; shortly before the grace period is over it rolls it back.
 */
public final class WorkerMain {
    /** What is left of the grace period for rolling back and saying so. */
    private static final Duration RESERVE = Duration.ofSeconds(5);

    private WorkerMain() {}

    public static void main(String[] args) {
        Thread.ofPlatform().daemon().name("cryptography").start(WorkerMain::loadCryptography);
        Outcome outcome;
        try {
            outcome = run(WorkerSettings.from(System.getenv()));
        } catch (WorkerEnds e) {
            Log.line("worker ends (" + e.outcome().exitCode() + "): " + e.getMessage());
            outcome = e.outcome();
        }
        // Not exit(): it would wait for the shutdown hook, which waits for this thread.
        Runtime.getRuntime().halt(outcome.exitCode());
    }

    /** What SCRAM needs takes 25 ms to load: while the connection is made rather than after it. */
    private static void loadCryptography() {
        try {
            SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256");
        } catch (NoSuchAlgorithmException e) {
            // A server may do without; otherwise the driver says what is missing.
        }
    }

    /** The threads beside the one that runs the queue: one watches the call that runs, one tells its progress. */
    static ScheduledExecutorService watch() {
        return Executors.newScheduledThreadPool(
                2, Thread.ofPlatform().daemon().name("watch").factory());
    }

    private static Outcome run(WorkerSettings settings) {
        var worker = new Worker(settings, watch());
        var ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(worker, ended, settings.gracePeriod()), "stop"));
        try {
            return worker.run();
        } finally {
            ended.countDown();
        }
    }

    /** The process stays alive as long as this hook runs; the main thread ends it. */
    private static void stop(Worker worker, CountDownLatch ended, Duration gracePeriod) {
        worker.stop();
        try {
            if (!ended.await(Math.max(0, gracePeriod.minus(RESERVE).toMillis()), TimeUnit.MILLISECONDS)) {
                worker.abandonRunningJob();
            }
            new CountDownLatch(1).await(RESERVE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
