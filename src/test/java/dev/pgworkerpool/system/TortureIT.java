package dev.pgworkerpool.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything at once: many sessions, rollbacks, failing jobs, several submitters a name, and workers that are killed. */
class TortureIT {
    /** A name whose every turn is killed is held back for longer and longer, so there has to be an end of it. */
    private static final int KILLS = 12;

    private static RunningSystem system;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    @Test
    void each_jobs_effect_stays_exactly_once_and_in_the_order_of_its_name() throws Exception {
        var queue = new TortureQueue(system.database(), 8, 480, Duration.ZERO);
        var killed = new AtomicInteger();
        try (var killer = Executors.newSingleThreadScheduledExecutor()) {
            killer.scheduleWithFixedDelay(() -> killAWorker(killed), 500, 700, TimeUnit.MILLISECONDS);
            queue.submit();
            system.awaitAllEnded();
        }
        assertThat(killed.get()).as("workers that were killed").isPositive();
        queue.verify();
    }

    private static void killAWorker(AtomicInteger killed) {
        var running = system.runningPods();
        if (killed.get() < KILLS && !running.isEmpty()) {
            system.surroundings().kill(running.get(killed.get() % running.size()));
            killed.incrementAndGet();
        }
    }
}
