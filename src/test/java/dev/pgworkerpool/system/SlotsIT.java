package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More names than slots: never a pod too many, nobody is passed over, nobody is forgotten. */
class SlotsIT {
    private static final int SLOTS = 8;
    private static final int NAMES = 40;

    private RunningSystem system;
    private PodHistory history;

    @BeforeEach
    void start(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
        history = new PodHistory(system.client(), system.namespace());
    }

    @AfterEach
    void stop() {
        history.close();
        system.close();
    }

    @Test
    void forty_names_share_eight_slots_and_the_longest_waiting_goes_first() throws Exception {
        submitForEachName(1);
        eventually()
                .until(() -> system.database()
                        .look("SELECT DISTINCT reason FROM worker_pool.queue")
                        .contains("WaitingForSlot"));
        system.awaitAllEnded();

        assertThat(history.mostLivePods()).hasSizeLessThanOrEqualTo(SLOTS);
        // Eight start at once, so a name can be overtaken by those that had a slot at the same time only.
        assertThat(system.database().look("""
                SELECT worker FROM (
                    SELECT worker, row_number() OVER (ORDER BY id) AS ran, row_number() OVER (ORDER BY v) AS submitted
                    FROM public.effect
                ) e WHERE abs(ran - submitted) >= %d""".formatted(SLOTS))).isEmpty();
        eventually()
                .untilAsserted(() -> assertThat(
                                system.pool(RunningSystem.POOL).getStatus().slotsInUse())
                        .isZero());
    }

    @Test
    @Tag("embedded")
    void an_operator_that_is_killed_again_and_again_never_starts_a_ninth_pod_nor_a_turn_twice() throws Exception {
        for (int round = 1; round <= 4; round++) {
            submitForEachName(round);
            eventually().until(() -> !system.workerPods().isEmpty());
            system.surroundings().killOperator();
            system.surroundings().startOperator();
        }
        system.awaitAllEnded();

        assertThat(history.mostLivePods()).hasSizeLessThanOrEqualTo(SLOTS);
        assertThat(system.database().look("SELECT count(*) || ' ' || count(DISTINCT (worker, v)) FROM public.effect"))
                .containsExactly(4 * NAMES + " " + 4 * NAMES);
        assertThat(history.jobs()).doesNotHaveDuplicates();
    }

    private void submitForEachName(int round) throws Exception {
        try (var alice = system.database().as("alice")) {
            for (int name : IntStream.range(0, NAMES).toArray()) {
                QueueDatabase.ask(
                        alice,
                        "SELECT worker_pool.enqueue(?, ?)",
                        "name " + name,
                        "INSERT INTO public.effect (worker, v) VALUES ('name %d', %d)"
                                .formatted(name, round * 1000 + name));
            }
        }
    }
}
