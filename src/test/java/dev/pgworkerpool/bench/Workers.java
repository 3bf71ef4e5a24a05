package dev.pgworkerpool.bench;

import dev.pgworkerpool.worker.TestWorkers;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Workers, each a process of its own as in a pod, that are up and have nothing to do until {@link #drain}: so the start of a JVM
 * is no part of what is measured, and several begin at the same time.
 */
final class Workers implements AutoCloseable {
    private static final Path FOLDER = Path.of("target", "bench", "workers");
    private static final Duration IDLE = Duration.ofMinutes(30);

    private final BenchDatabase database;
    private final List<String> names;
    private final TestWorkers workers;
    private final List<Process> processes = new ArrayList<>();

    private Workers(BenchDatabase database, List<String> names) {
        this.database = database;
        this.names = names;
        this.workers = new TestWorkers(database.queue(), FOLDER.resolve("credentials"));
    }

    /** One for each name, connected to this address, and suspended. Returns when all of them are up. */
    static Workers start(BenchDatabase database, List<String> names, Address address) throws IOException, SQLException {
        database.suspend();
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

    /** Lets them work until nothing of their names waits. */
    void drain() throws SQLException {
        database.resume();
        database.awaitDone(names);
    }

    @Override
    public void close() throws InterruptedException {
        processes.forEach(Process::destroy);
        for (var process : processes) {
            process.waitFor();
        }
        workers.close();
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
                Redirect.to(FOLDER.resolve(name + ".log").toFile()));
    }
}
