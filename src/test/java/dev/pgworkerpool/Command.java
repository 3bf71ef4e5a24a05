package dev.pgworkerpool;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program of this machine that is run to its end, with nothing on its standard input. One that hangs is killed. */
public record Command(List<String> words, Map<String, String> environment) {
    private static final Duration LONGEST = Duration.ofMinutes(10);

    public static Command of(String... words) {
        return new Command(List.of(words), Map.of());
    }

    /**
     * What it printed, errors included.
     *
     * @throws IOException with that output, when its exit code is not 0
     */
    public String run() throws IOException {
        var builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().putAll(environment);
        var process = builder.start();
        process.getOutputStream().close();
        process.onExit()
                .orTimeout(LONGEST.toSeconds(), TimeUnit.SECONDS)
                .exceptionally(late -> process.destroyForcibly());
        String output;
        try (var reader = process.inputReader()) {
            output = reader.readAllAsString();
        }
        try {
            if (process.waitFor() != 0) {
                throw new IOException(
                        "%s: exit code %d%n%s".formatted(String.join(" ", words), process.exitValue(), output));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + words, e);
        }
        return output;
    }
}
