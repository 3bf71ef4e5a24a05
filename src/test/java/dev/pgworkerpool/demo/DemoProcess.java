package dev.pgworkerpool.demo;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The demo as {@code make} starts it: a process of its own without a terminal, its output in a file. */
final class DemoProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Process process;
    private final Path output;

    private DemoProcess(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    static DemoProcess start(Path output, String... arguments) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Djava.util.logging.manager=org.jboss.logmanager.LogManager");
        command.addAll(List.of("-cp", classPath(), Demo.class.getName()));
        command.addAll(List.of(arguments));
        var process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new DemoProcess(process, output);
    }

    void awaitLine(String line) {
        await("the line " + line)
                .atMost(PATIENCE)
                .failFast("it ended", () -> !process.isAlive())
                .until(() -> output().lines().anyMatch(line::equals));
    }

    /** Everything that it started: its descendants, and PostgreSQL, which leaves the family. */
    List<ProcessHandle> family() throws IOException {
        var postmaster = Path.of("target/demo/postgres/data/postmaster.pid");
        var server = Files.exists(postmaster)
                ? ProcessHandle.of(Long.parseLong(Files.readAllLines(postmaster).getFirst()))
                : Optional.<ProcessHandle>empty();
        return Stream.concat(process.descendants(), server.stream()).toList();
    }

    /** Sends a signal such as {@code INT}. */
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("the demo does not end");
        }
        return process.exitValue();
    }

    String output() throws IOException {
        return Files.readString(output);
    }

    @Override
    public void close() throws InterruptedException {
        process.destroy();
        exitCode();
    }

    /** Surefire hides the real one behind a jar with a manifest. */
    private static String classPath() {
        return System.getProperty("surefire.real.class.path", System.getProperty("java.class.path"));
    }
}
