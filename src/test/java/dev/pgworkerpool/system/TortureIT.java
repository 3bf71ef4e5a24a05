package dev.pgworkerpool.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.api.Api;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything at once: many sessions, rollbacks, failing jobs, several submitters a name, and workers that are killed. */
class TortureIT {
    /** Of a name, together: a fifth one in a row would end its job, and the name is held back for longer and longer. */
    private static final int KILLS = 3;

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
        var killed = new HashMap<String, Integer>();
        try (var killer = Executors.newSingleThreadScheduledExecutor()) {
            killer.scheduleWithFixedDelay(() -> killAWorker(killed), 500, 700, TimeUnit.MILLISECONDS);
            queue.submit();
            system.awaitAllEnded();
        }
        assertThat(killed).as("workers that were killed").isNotEmpty();
        queue.verify();
    }

    private static void killAWorker(Map<String, Integer> killed) {
        system.runningPods().stream()
                .filter(pod -> killed.getOrDefault(worker(pod), 0) < KILLS)
                .findAny()
                .ifPresent(pod -> {
                    system.surroundings().kill(pod);
                    killed.merge(worker(pod), 1, Integer::sum);
                });
    }

    private static String worker(Pod pod) {
        return pod.getMetadata().getAnnotations().get(Api.WORKER_ANNOTATION);
    }
}
