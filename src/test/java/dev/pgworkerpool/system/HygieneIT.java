package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.QueueDatabase;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many turns leave nothing behind: no Kubernetes Job, no session, no memory of the operator. */
@Tag("embedded")
class HygieneIT {
    private static final int TURNS = Integer.getInteger("hygiene.turns", 120);
    private static final int NAMES = 20;
    private static final int TTL_SECONDS = 5;

    private static RunningSystem system;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
        system.createPool(RunningSystem.POOL, 8, "  worker: {ttlSecondsAfterFinished: " + TTL_SECONDS + "}");
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    @Test
    void many_turns_leave_no_Job_no_session_and_no_growth_of_the_operators_heap() throws Exception {
        turns(TURNS / 4);
        var before = usedHeapMegabytes();
        turns(TURNS - TURNS / 4);

        await().atMost(Duration.ofSeconds(60)).until(() -> system.jobs().isEmpty());
        assertThat(system.workerPods()).isEmpty();
        await().until(() -> system.workerSessions().isEmpty());
        assertThat(usedHeapMegabytes()).as("megabytes, %s before", before).isLessThan(before + 10);
    }

    /** At first it may have looked just before, and looks again half a minute later; behind each of the parts it rests for a second. */
    @Test
    void a_long_history_is_deleted_in_parts_without_waiting_for_the_next_look() throws Exception {
        system.database().insertJobs("done", 1, 60_000, "SELECT 1");
        await().atMost(Duration.ofSeconds(50))
                .until(() -> system.database()
                        .look("SELECT count(*) FROM worker_pool.jobs WHERE finished_at < now() - interval '20 days'")
                        .equals(List.of("0")));
    }

    /** A new turn for each job, since its name has come to rest before. */
    private static void turns(int number) throws Exception {
        try (var alice = system.database().as("alice")) {
            for (int done = 0; done < number; done += NAMES) {
                for (int name = 0; name < NAMES; name++) {
                    QueueDatabase.ask(alice, "SELECT worker_pool.enqueue(?, 'SELECT 1')", "name " + name);
                }
                eventually()
                        .until(() -> system.database()
                                .look("SELECT state FROM worker_pool.workers WHERE state <> 'Idle' OR pod IS NOT NULL")
                                .isEmpty());
                assertThat(system.jobs())
                        .as("Jobs that outlived their time")
                        .allSatisfy(job -> assertThat(finishedAt(job))
                                .isAfter(Instant.now().minusSeconds(TTL_SECONDS + 10)));
            }
        }
    }

    private static Instant finishedAt(Job job) {
        var completed = job.getStatus() == null ? null : job.getStatus().getCompletionTime();
        return completed == null ? Instant.now() : Instant.parse(completed);
    }

    /** After a full collection. */
    private static long usedHeapMegabytes() throws IOException, InterruptedException {
        jcmd("GC.run");
        return Math.round(system.metrics().entrySet().stream()
                        .filter(metric -> metric.getKey().startsWith("jvm_memory_used_bytes{area=\"heap\""))
                        .mapToDouble(metric -> metric.getValue())
                        .sum()
                / 1024
                / 1024);
    }

    private static void jcmd(String command) throws IOException, InterruptedException {
        var exitCode = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(((EmbeddedSurroundings) system.surroundings())
                                .operator()
                                .handle()
                                .pid()),
                        command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        assertThat(exitCode).isZero();
    }
}
