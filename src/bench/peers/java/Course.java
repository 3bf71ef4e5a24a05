import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/** Jobs that are run, of which the first half is the warm-up: the clock runs for the second. */
final class Course {
    private final int measured;
    private final CountDownLatch left;
    private volatile long begunAt;

    Course(int jobs) {
        measured = jobs - jobs / 2;
        left = new CountDownLatch(jobs);
    }

    /** Called by each job, one at a time. */
    void done() {
        left.countDown();
        if (left.getCount() == measured) {
            begunAt = System.nanoTime();
        }
    }

    /**
     * Waits for the last job, and prints the line that the benchmark reads.
     *
     * @param library a class of the peer: its jar's name has the version
     */
    void tell(Class<?> library) throws InterruptedException {
        left.await();
        double seconds = (System.nanoTime() - begunAt) / 1e9;
        var jar = Path.of(library.getProtectionDomain().getCodeSource().getLocation().getPath());
        var peer = jar.getFileName().toString().replaceFirst("-([0-9.]+)\\.jar$", " $1");
        System.out.printf(Locale.ROOT, "{\"peer\": \"%s\", \"jobsPerSecond\": %.1f}%n", peer, measured / seconds);
    }
}
