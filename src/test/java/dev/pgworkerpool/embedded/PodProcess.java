package dev.pgworkerpool.embedded;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A container that runs as a process of this machine, with its output in a file. */
final class PodProcess {
    /** What the end of a log may contribute to a termination message. */
    private static final int MESSAGE_BYTES = 2048;

    private static final int MESSAGE_LINES = 80;

    private final Process process;
    private final Path log;
    private final Instant startedAt = Instant.now();
    private volatile Instant finishedAt = Instant.MAX;
    private volatile boolean outOfMemory;
    private volatile boolean asked;

    private PodProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
        var ignored = process.onExit().thenRun(() -> finishedAt = Instant.now());
    }

    /** Starts the command in a folder of its own, with nothing of our environment but the search path. */
    static PodProcess start(List<String> command, Map<String, String> variables, Path dir) throws IOException {
        var log = dir.resolve("log");
        var builder = new ProcessBuilder(command)
                .directory(dir.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        var environment = builder.environment();
        environment.keySet().retainAll(List.of("PATH"));
        environment.putAll(variables);
        return new PodProcess(builder.start(), log);
    }

    Process process() {
        return process;
    }

    /** Completes after {@link #finishedAt} is known. */
    CompletableFuture<Process> onExit() {
        return process.onExit();
    }

    Instant startedAt() {
        return startedAt;
    }

    Instant finishedAt() {
        var end = finishedAt;
        return end.equals(Instant.MAX) ? Instant.now() : end;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Asks it to end (SIGTERM), once. Returns whether this was the first time. */
    boolean terminate() {
        var first = !asked;
        asked = true;
        if (first) {
            process.destroy();
        }
        return first;
    }

    /** SIGKILL, to all that it started too: a container ends as a whole. */
    void kill() {
        var descendants = process.descendants().toList();
        process.destroyForcibly();
        descendants.forEach(ProcessHandle::destroyForcibly);
    }

    /** Kills it the way the kernel does when the container needs more memory than its limit. */
    void killForMemory() {
        outOfMemory = true;
        kill();
    }

    int exitCode() {
        return process.exitValue();
    }

    /** As in the terminated state of a container. */
    String reason() {
        if (outOfMemory) {
            return "OOMKilled";
        }
        return exitCode() == 0 ? "Completed" : "Error";
    }

    /** The end of the log, for a termination message. */
    String lastWords() {
        try (var file = new RandomAccessFile(log.toFile(), "r")) {
            var size = (int) Math.min(MESSAGE_BYTES, file.length());
            file.seek(file.length() - size);
            var bytes = new byte[size];
            file.readFully(bytes);
            return lastLines(new String(bytes, StandardCharsets.UTF_8), MESSAGE_LINES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String lastLines(String text, int count) {
        var lines = new ArrayDeque<String>();
        for (var line : text.split("(?<=\n)", -1)) {
            if (!line.isEmpty()) {
                lines.add(line);
            }
            if (lines.size() > count) {
                lines.removeFirst();
            }
        }
        return String.join("", lines);
    }

    /** Writes the log; the last so many lines of it, or all if that is negative. */
    void copyLog(OutputStream out, int tailLines, boolean follow) throws IOException, InterruptedException {
        try (var file = Files.newInputStream(log)) {
            if (tailLines >= 0) {
                var text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
                out.write(lastLines(text, tailLines).getBytes(StandardCharsets.UTF_8));
            }
            var ended = false;
            do {
                // In this order: what was written before the end is in the file after it.
                ended = !follow || process.waitFor(100, TimeUnit.MILLISECONDS);
                if (file.transferTo(out) > 0) {
                    out.flush();
                }
            } while (!ended);
        }
    }
}
