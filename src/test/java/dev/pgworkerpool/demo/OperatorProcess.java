package dev.pgworkerpool.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged operator as a process of its own. */
public final class OperatorProcess implements AutoCloseable {
    private static final Path JAR = Path.of("target/quarkus-app/quarkus-run.jar");

    /** What the container image runs from its cache, without the cache. */
    public static final List<String> PACKAGED = List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-jar",
            JAR.toString());

    private static final Duration TIME_TO_END = Duration.ofSeconds(20);
    private static final Duration TIME_TO_ANSWER = Duration.ofSeconds(2);

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process process;
    private final URI url;

    private OperatorProcess(Process process, URI url) {
        this.process = process;
        this.url = url;
    }

    /**
     * Starts the operator against the API that the kubeconfig names and returns at once, see {@link #isReady()}.
     *
     * @param arguments for {@code java}: the operator as it is packaged, or as the image has it
     * @param environment variables for the operator besides those
     */
    public static OperatorProcess start(
            List<String> arguments, Path kubeconfig, Path log, Map<String, String> environment) throws IOException {
        return start(arguments, kubeconfig, log, environment, freePort());
    }

    /** The same on a port of the caller's choice. */
    static OperatorProcess start(
            List<String> arguments, Path kubeconfig, Path log, Map<String, String> environment, int port)
            throws IOException {
        if (!Files.exists(JAR)) {
            throw new IllegalStateException(JAR + " is missing: run `make demo`, or package first");
        }
        var builder = new ProcessBuilder(command(arguments))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("KUBECONFIG", kubeconfig.toAbsolutePath().toString());
        builder.environment().put("QUARKUS_HTTP_HOST", "127.0.0.1");
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        builder.environment().putAll(environment);
        return new OperatorProcess(builder.start(), URI.create("http://127.0.0.1:" + port));
    }

    /** Ends the operator of an earlier demo that was killed, so that it could not do that itself. */
    static void endEarlier(Path pidFile) throws IOException {
        if (Files.exists(pidFile)) {
            ProcessHandle.of(Long.parseLong(Files.readString(pidFile)))
                    // The number may be another process' by now.
                    .filter(process -> process.info()
                            .arguments()
                            .map(Arrays::asList)
                            .filter(arguments -> arguments.contains(JAR.toString()))
                            .isPresent())
                    .ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    void writePid(Path pidFile) throws IOException {
        Files.writeString(pidFile, Long.toString(process.pid()));
    }

    public URI url() {
        return url;
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Whether its readiness probe says yes. */
    public boolean isReady() {
        var request = HttpRequest.newBuilder(url.resolve("/q/health/ready"))
                .timeout(TIME_TO_ANSWER)
                .build();
        try {
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** As Kubernetes ends a pod: SIGTERM, and SIGKILL when that was not enough. */
    @Override
    public void close() {
        http.shutdownNow();
        process.destroy();
        try {
            if (!process.waitFor(TIME_TO_END.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static List<String> command(List<String> arguments) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(arguments);
        return command;
    }

    static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
