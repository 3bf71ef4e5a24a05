package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many more names than slots, queued at once: how long until all is done, and what the operator and the API pay for it. */
@Tag("measurement")
class ThroughputIT {
    private static final int NAMES = Integer.getInteger("throughput.names", 200);
    private static final int JOBS = Integer.getInteger("throughput.jobs", 10);
    private static final Duration LONGEST = Duration.ofMinutes(20);

    @Test
    void many_names_on_eight_slots(@TempDir Path dir) throws Exception {
        var cluster = ClusterSurroundings.start();
        try (var system = RunningSystem.start(cluster);
                var requests = new ApiRequests(cluster.client(), cluster.namespace());
                var history = new PodHistory(cluster.client(), cluster.namespace())) {
            var loadBefore = ProcessLoad.of(cluster);
            var requestsBefore = requests.counts();
            submit(system);
            var began = Instant.now();
            eventually()
                    .atMost(LONGEST)
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> effects(system) == (long) NAMES * JOBS);
            var seconds = Duration.between(began, Instant.now()).toMillis() / 1000.0;
            system.awaitAllEnded();
            var loadAfter = ProcessLoad.of(cluster);
            var requestsAfter = requests.counts();
            assertThat(effects(system)).isEqualTo((long) NAMES * JOBS);
            assertThat(history.mostLivePods()).hasSizeLessThanOrEqualTo(8);

            double turns = history.jobs().size();
            var cpu = loadAfter.cpu().minus(loadBefore.cpu()).toMillis() / 1000.0;
            var table = new Measurement("throughput", "%d names with %d jobs each on 8 slots".formatted(NAMES, JOBS))
                    .head("what", "figure")
                    .row("all done after, s", seconds)
                    .row("turns", turns)
                    .row("pods a minute", turns * 60 / seconds)
                    .row("jobs a second", NAMES * JOBS / seconds)
                    .row("most pods at once", history.mostLivePods().size())
                    .row("operator: CPU, s", cpu)
                    .row("operator: CPU a turn, ms", cpu * 1000 / turns)
                    .row("operator: resident memory before, MiB", loadBefore.residentMiB())
                    .row("operator: resident memory after, MiB", loadAfter.residentMiB())
                    .text("Requests of the operator to the API:")
                    .head("kind", "number", "a turn");
            requestsAfter.forEach((kind, number) -> {
                double more = number - requestsBefore.getOrDefault(kind, 0L);
                table.row(kind, (long) more, "%.2f".formatted(more / turns));
            });
            table.write();
        }
    }

    private static void submit(RunningSystem system) throws SQLException {
        system.database().execute("alice", """
                SELECT worker_pool.enqueue('name ' || n, format('INSERT INTO public.effect (worker) VALUES (%%L)', 'name ' || n))
                FROM generate_series(1, %d) job, generate_series(1, %d) n""".formatted(JOBS, NAMES));
    }

    private static long effects(RunningSystem system) throws SQLException {
        return Long.parseLong(
                system.database().look("SELECT count(*) FROM public.effect").getFirst());
    }
}
