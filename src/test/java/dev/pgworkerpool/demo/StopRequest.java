package dev.pgworkerpool.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import sun.misc.Signal;

/**
 * The wish that the demo ends: Ctrl-C, SIGTERM, a closed terminal, or the end of the {@code make} that started it.
 *
 * <p>Handles the signals itself instead of in a shutdown hook, because hooks run side by side and PostgreSQL has one as well.
 */
final class StopRequest {
    private static final List<String> SIGNALS = List.of("INT", "TERM", "HUP");
    private static final Duration LOOK_AT_PARENT_EVERY = Duration.ofMillis(500);
    private static final long SIGINT_BIT = 1L << 1;

    private final CountDownLatch signalled = new CountDownLatch(1);
    private final long parent = parent();

    private StopRequest() {}

    /** Runs {@code stop} once, in a thread of its own, when the demo is asked to end. */
    static void listen(Runnable stop) {
        var request = new StopRequest();
        for (String name : SIGNALS) {
            Signal.handle(new Signal(name), signal -> request.signalled.countDown());
        }
        Thread.ofPlatform().name("stop-request").daemon().start(() -> request.await(stop));
    }

    private void await(Runnable stop) {
        try {
            boolean asked = false;
            while (!asked) {
                asked = signalled.await(LOOK_AT_PARENT_EVERY.toMillis(), TimeUnit.MILLISECONDS)
                        || parent() != parent
                        || makeWaitsForUsToEnd();
            }
            stop.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Another one as soon as the first has ended. */
    private static long parent() {
        return ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
    }

    /**
     * Make passes a SIGTERM on to us, but a SIGINT that reached it alone it does not: it blocks that signal and waits for our
     * end. Linux shows that in /proc; elsewhere only the terminal's Ctrl-C, which reaches us as well, is seen.
     */
    private boolean makeWaitsForUsToEnd() {
        try {
            var status = Files.readAllLines(Path.of("/proc", Long.toString(parent), "status"));
            return status.contains("Name:\tmake")
                    && status.stream()
                            .filter(line -> line.startsWith("SigBlk:"))
                            .mapToLong(line -> Long.parseUnsignedLong(
                                    line.substring("SigBlk:".length()).strip(), 16))
                            .anyMatch(blocked -> (blocked & SIGINT_BIT) != 0);
        } catch (IOException e) {
            return false;
        }
    }
}
