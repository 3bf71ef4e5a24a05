package dev.pgworkerpool.bench;

import dev.pgworkerpool.worker.TestWorkers;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Workers, each a process of its own as in a pod, that wait for work. Jobs are queued while the pool is suspended, so all workers
 * begin at the same time, and neither the queueing nor the start of a JVM is part of what is measured.
 */
final class Workers implements AutoCloseable {
    private static final Path FOLDER = Path.of("target", "bench", "workers");
    private static final Duration IDLE = Duration.ofHours(1);

    private final BenchDatabase database;
    private final List<String> names;
    private final TestWorkers workers;
    /** What they print, a line a job: it goes when all went well. */
    private final Path log;

    private final List<Process> processes = new ArrayList<>();
    private long queuedBefore;
    private long queued;

    private Workers(BenchDatabase database, List<String> names) {
        this.database = database;
        this.names = names;
        this.workers = new TestWorkers(database.queue(), FOLDER.resolve("credentials"));
        this.log = FOLDER.resolve(database.name() + ".log");
    }

    /** One for each name, connected to this address. Returns when all of them are up. */
    static Workers start(BenchDatabase database, List<String> names, Address address) throws IOException, SQLException {
        var started = new Workers(database, names);
        try {
            for (var name : names) {
                started.processes.add(started.start(name, address));
            }
            database.awaitWorkers(names.size());
            return started;
        } catch (IOException | SQLException | RuntimeException e) {
            started.workers.close();
            throw e;
        }
    }

    /** Queues as many jobs for each name and lets them be done: jobs a second, from the first one's beginning to the last one's end. */
    double drain(int each) throws SQLException {
        queue(each);
        drain();
        return rate(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
    }

    /** As many jobs for each name, none of which begins before {@link #drain()}. */
    void queue(int each) throws SQLException {
        database.suspend();
        database.emptyEffects();
        queuedBefore = database.lastId();
        database.queueJobs(names, each);
        queued = (long) names.size() * each;
    }

    /** Lets them work until all is done. */
    void drain() throws SQLException {
        database.resume();
        database.awaitDone(names);
        database.requireEffects(queued);
    }

    /** Jobs a second of those that were queued last, as far as they began and ended between these times of the database, in seconds. */
    double rate(double from, double to) throws SQLException {
        return database.ask("""
                SELECT count(*) / extract(epoch FROM max(finished_at) - min(started_at))
                FROM worker_pool.queued_job
                WHERE id > ? AND started_at >= to_timestamp(?) AND finished_at <= to_timestamp(?)""", queuedBefore, from, to);
    }

    @Override
    public void close() throws InterruptedException, IOException {
        processes.forEach(Process::destroy);
        for (var process : processes) {
            process.waitFor();
        }
        workers.close();
        Files.delete(log);
    }

    private Process start(String name, Address address) throws IOException {
        return workers.start(
                name,
                Map.of(
                        "PGWP_HOST",
                        address.host(),
                        "PGWP_PORT",
                        Integer.toString(address.port()),
                        "PGWP_IDLE_TIMEOUT",
                        Long.toString(IDLE.toMillis())),
                Redirect.appendTo(log.toFile()));
    }
}
