package dev.pgworkerpool.demo;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;

/**
 * {@code make demo} and {@code make demo-up}, started from the top folder of the project. With the argument {@code up} it only
 * brings the surroundings up; else it tells the story as well and, when no terminal is there, ends by itself.
 */
public final class Demo {
    private static final Path DIR = Path.of("target/demo");
    private static final Path LOCK = Path.of("target/demo.lock");
    private static final int WELL = 0;
    private static final int FAILED = 1;
    private static final int INTERRUPTED = 130;

    private final CompletableFuture<Integer> exitCode = new CompletableFuture<>();
    private volatile boolean up;

    private Demo() {}

    public static void main(String[] arguments) throws Exception {
        boolean story = !(arguments.length == 1 && arguments[0].equals("up"));
        Files.createDirectories(LOCK.getParent());
        try (var channel = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.tryLock()) {
            if (lock == null) {
                System.err.println("Another demo is running in this folder: end it first.");
                System.exit(FAILED);
            }
            System.exit(new Demo().run(story));
        }
    }

    private int run(boolean story) {
        try (var surroundings = new DemoSurroundings(DIR)) {
            StopRequest.listen(() -> exitCode.complete(up ? WELL : INTERRUPTED));
            Thread.ofPlatform().name("demo").daemon().start(() -> play(surroundings, story));
            return exitCode.join();
        }
    }

    private void play(DemoSurroundings surroundings, boolean story) {
        try {
            var parts = surroundings.start();
            if (story) {
                DemoStory.tell(parts, System.out);
            }
            up = true;
            if (!story) {
                System.out.println("ready");
            } else if (hasTerminal()) {
                System.out.println("\nIt stays up until Ctrl-C.");
            } else {
                exitCode.complete(WELL);
            }
        } catch (Exception | AssertionError e) {
            // Once it was asked to end, things fail because they are being closed: nothing to report then.
            if (exitCode.complete(FAILED)) {
                System.err.printf(
                        "The demo failed: %s%nThe operator's log is %s.%n",
                        e.getMessage(), DIR.resolve("operator.log"));
            }
        }
    }

    private static boolean hasTerminal() {
        return System.console() != null && System.console().isTerminal();
    }
}
