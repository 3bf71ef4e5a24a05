package dev.pgworkerpool.bench;

import dev.pgworkerpool.system.ProcessLoad;
import dev.pgworkerpool.worker.TestWorkers;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a worker costs before it does something: from the start of its process to the first job of its name.
 *
 * @param starts one after the other
 */
record WorkerStartQuestion(int rounds, int starts) implements Question {
    private static final Series SESSION = Series.ours("start to first session, p50", "ms");
    private static final Series JOB = Series.ours("start to first job, p50", "ms");
    private static final Series CPU = Series.ours("CPU until then, mean", "ms CPU");
    private static final Series RESIDENT = Series.ours("resident, largest", "MiB");

    private static final Path CREDENTIALS = Path.of("target", "bench", "worker-start");

    @Override
    public About about() {
        return new About(
                "worker-start",
                "Start of a worker",
                "From the start of a worker's process, as the image starts it, to its first session in PostgreSQL and to its first job;"
                        + " its CPU and its memory when that job runs.",
                rounds,
                List.of(Aim.atMost(120, SESSION), Aim.atMost(160, CPU), Aim.atMost(50, RESIDENT)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, Durability.DURABLE);
        database.resume();
        var arguments = ImageFiles.worker();
        var workers = new TestWorkers(database.queue(), Files.createDirectories(CREDENTIALS));
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(() -> round(database, workers, arguments));
            }

            @Override
            public void close() throws Exception {
                workers.close();
                database.close();
            }
        };
    }

    private List<Figure> round(BenchDatabase database, TestWorkers workers, List<String> arguments)
            throws IOException, SQLException, InterruptedException {
        var sessions = new ArrayList<Double>();
        var jobs = new ArrayList<Double>();
        var cpu = Duration.ZERO;
        double resident = 0;
        for (int i = 0; i < starts; i++) {
            database.empty();
            database.queue().submit(BenchDatabase.ALICE, BenchDatabase.name(1), "SELECT pg_sleep(0.3)");
            double started = seconds(Instant.now());
            var worker = workers.start(arguments, BenchDatabase.name(1), Map.of(), Redirect.DISCARD);
            double begun = database.awaitJob();
            var load = ProcessLoad.of(worker.toHandle());
            cpu = cpu.plus(load.cpu());
            resident = Math.max(resident, load.residentMiB());
            sessions.add((database.firstSession() - started) * 1000);
            jobs.add((begun - started) * 1000);
            worker.waitFor();
        }
        return List.of(
                new Figure(SESSION, Quantile.of(sessions, 50)),
                new Figure(JOB, Quantile.of(jobs, 50)),
                new Figure(CPU, cpu.toMillis() / (double) starts),
                new Figure(RESIDENT, resident));
    }

    private static double seconds(Instant time) {
        return time.getEpochSecond() + time.getNano() / 1e9;
    }
}
