package dev.pgworkerpool.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** As many names as slots that never run empty, and a hundred small ones beside them: everybody has a turn. */
@Tag("embedded")
class YieldIT {
    private static final int SLOTS = 8;
    private static final int SMALL = 100;
    private static final Duration YIELD_AFTER = Duration.ofSeconds(3);
    private static final Duration LONGEST_JOB = Duration.ofMillis(200);

    /** Workers are processes, and two busy cores start eight of them at once. */
    private static final Duration START = Duration.ofSeconds(30);

    /** One behind the other, they start faster. */
    private static final Duration NEXT_START = Duration.ofSeconds(5);

    /** So many jobs of a name wait at least, and are added when there are fewer. */
    private static final int BACKLOG = 30;

    private RunningSystem system;
    private PodHistory history;
    private volatile boolean enough;

    @BeforeEach
    void start(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
        system.createPool(RunningSystem.POOL, SLOTS, "  worker: {yieldAfter: " + YIELD_AFTER.toSeconds() + "s}");
        system.awaitReady(RunningSystem.POOL);
        history = new PodHistory(system.client(), system.namespace());
    }

    @AfterEach
    void stop() {
        history.close();
        system.close();
    }

    @Test
    void a_hundred_small_names_are_served_beside_eight_that_never_run_empty() throws Exception {
        try (var threads = Executors.newFixedThreadPool(SLOTS)) {
            var producers = new ArrayList<Future<?>>();
            for (int name : IntStream.range(0, SLOTS).toArray()) {
                producers.add(threads.submit(() -> produce("endless " + name)));
            }
            try {
                await().atMost(RunningSystem.PATIENCE.multipliedBy(2))
                        .until(() -> system.database()
                                .look("SELECT count(DISTINCT worker) FROM public.effect")
                                .equals(List.of(Integer.toString(SLOTS))));
                submitSmall();
                await().atMost(RunningSystem.PATIENCE.multipliedBy(2))
                        .pollInterval(Duration.ofMillis(200))
                        .until(() -> served() == SMALL);
            } finally {
                enough = true;
            }
            for (var producer : producers) {
                producer.get();
            }
        }

        assertThat(
                        system.database()
                                .look(
                                        "SELECT count(*) FROM worker_pool.jobs WHERE worker_name LIKE 'small %' AND status = 'done'"))
                .containsExactly(Integer.toString(SMALL));
        assertThat(waited("min"))
                .as("how long the first small name waited")
                .isLessThan(YIELD_AFTER.plus(LONGEST_JOB).plus(START));
        // Once they are served, an endless name has a slot again and may keep it for a while: at worst that comes
        // between each eight of them.
        assertThat(waited("max"))
                .as("how long the last small name waited")
                .isLessThan(YIELD_AFTER
                        .plus(LONGEST_JOB)
                        .plus(NEXT_START)
                        .multipliedBy(SMALL / SLOTS + 1)
                        .plus(START));
        assertThat(history.mostLivePods()).hasSizeLessThanOrEqualTo(SLOTS);
        assertThat(system.database().look("""
                SELECT worker FROM (
                    SELECT worker, v, lag(v) OVER (PARTITION BY worker ORDER BY id) AS before FROM public.effect
                ) e WHERE v <> before + 1""")).as("effects out of order").isEmpty();
        assertThat(system.database().look("""
                SELECT worker_name FROM worker_pool.jobs WHERE worker_name LIKE 'endless %' AND status = 'done'
                GROUP BY worker_name""")).as("endless names that got on").hasSize(SLOTS);
    }

    private Void produce(String name) throws SQLException {
        try (var alice = system.database().as("alice")) {
            for (int n = 0; !enough; ) {
                if (Integer.parseInt(QueueDatabase.ask(
                                        alice,
                                        "SELECT count(*) FROM worker_pool.jobs WHERE worker_name = ? AND status = 'waiting'",
                                        name)
                                .getFirst())
                        < BACKLOG) {
                    for (int i = 0; i < BACKLOG; i++) {
                        QueueDatabase.ask(
                                alice,
                                "SELECT worker_pool.enqueue(?, ?)",
                                name,
                                "SELECT pg_sleep(%s); INSERT INTO public.effect (worker, v) VALUES ('%s', %d)"
                                        .formatted(LONGEST_JOB.toMillis() / 1000.0, name, n++));
                    }
                }
                RunningSystem.pause(Duration.ofSeconds(1));
            }
        }
        return null;
    }

    private void submitSmall() throws SQLException {
        try (var alice = system.database().as("alice")) {
            alice.setAutoCommit(false);
            for (int name : IntStream.range(0, SMALL).toArray()) {
                QueueDatabase.ask(
                        alice,
                        "SELECT worker_pool.enqueue(?, ?)",
                        "small " + name,
                        RunningSystem.effect("small " + name));
            }
            alice.commit();
        }
    }

    private long served() throws SQLException {
        return Long.parseLong(system.database()
                .look(
                        "SELECT count(*) FROM worker_pool.queued_job WHERE worker_name LIKE 'small %' AND status = 'done'")
                .getFirst());
    }

    /** From the submit of a small name's job to its end. */
    private Duration waited(String which) throws SQLException {
        return Duration.ofMillis(Long.parseLong(system.database()
                .look(
                        "SELECT (extract(epoch FROM " + which
                                + "(finished_at - submitted_at)) * 1000)::bigint FROM worker_pool.jobs WHERE worker_name LIKE 'small %'")
                .getFirst()));
    }
}
