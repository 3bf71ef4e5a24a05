package dev.pgworkerpool.worker;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;

/** Runs workers of one database: in this process, quickly, or as a process of their own, as in a pod. */
public final class TestWorkers implements AutoCloseable {
    private final QueueDatabase database;
    private final Path credentials;
    private String host;
    private int port;
    private final ScheduledExecutorService watch = WorkerMain.watch();
    private final List<Process> processes = new ArrayList<>();

    public TestWorkers(QueueDatabase database, Path folder) {
        this.database = database;
        this.host = database.server().host();
        this.port = database.server().port();
        this.credentials = QueueDatabase.writeCredentials(folder, "alice", "wp$bob");
    }

    public Path credentials() {
        return credentials;
    }

    /** Those of this process are connected by it from now on. */
    void over(Link link) {
        host = link.host();
        port = link.port();
    }

    /** One turn in the caller's thread. */
    public Outcome run(String worker) {
        return worker(worker, Duration.ZERO).run();
    }

    Worker worker(String worker, Duration idleTimeout) {
        return worker(worker, idleTimeout, Duration.ZERO);
    }

    Worker worker(String worker, Duration idleTimeout, Duration yieldAfter) {
        return new Worker(
                new WorkerSettings(
                        worker,
                        "pod-" + worker,
                        host,
                        port,
                        database.name(),
                        "prefer",
                        null,
                        credentials,
                        idleTimeout,
                        yieldAfter,
                        Duration.ofSeconds(30)),
                watch);
    }

    /** One turn as a process; its output goes to this process' own. */
    public Process start(String worker, Map<String, String> environment) throws IOException {
        return start(worker, environment, Redirect.INHERIT);
    }

    /** One turn as a process. */
    public Process start(String worker, Map<String, String> environment, Redirect output) throws IOException {
        return start(
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WorkerMain.class.getName()),
                worker,
                environment,
                output);
    }

    /** The same with other arguments for {@code java}, the main class among them. */
    public Process start(List<String> arguments, String worker, Map<String, String> environment, Redirect output)
            throws IOException {
        var command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(arguments);
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output);
        builder.environment()
                .putAll(Map.of(
                        "PGWP_WORKER",
                        worker,
                        "PGWP_POD",
                        "pod-" + worker,
                        "PGWP_HOST",
                        database.server().host(),
                        "PGWP_PORT",
                        Integer.toString(database.server().port()),
                        "PGWP_DATABASE",
                        database.name(),
                        "PGWP_CREDENTIALS",
                        credentials.toString()));
        builder.environment().putAll(environment);
        var process = builder.start();
        processes.add(process);
        return process;
    }

    @Override
    public void close() {
        processes.forEach(Process::destroyForcibly);
        watch.shutdownNow();
    }
}
