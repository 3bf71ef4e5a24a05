package dev.pgworkerpool.embedded;

import dev.pgworkerpool.worker.WorkerMain;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What would be in the container image: how the command of a container is run on this machine. */
@FunctionalInterface
public interface NodeImage {
    /** The local command line for a container's command and arguments. */
    List<String> commandLine(List<String> command);

    /** Commands that are the same here, such as {@code sh -c}. */
    static NodeImage asIs() {
        return command -> command;
    }

    /** The worker of this build, run by the JVM that runs us, in place of {@code java @/app/worker.args}. */
    static NodeImage worker() {
        return worker(List.of(
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                workerClassPath(),
                WorkerMain.class.getName()));
    }

    /** The same with other arguments for {@code java}, the main class among them. */
    static NodeImage worker(List<String> arguments) {
        var line = new ArrayList<String>();
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(arguments);
        var worker = List.copyOf(line);
        return command -> command.contains("@/app/worker.args") ? worker : command;
    }

    private static String workerClassPath() {
        return Stream.of(WorkerMain.class, org.postgresql.Driver.class)
                .map(type -> location(type.getProtectionDomain().getCodeSource()))
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static String location(CodeSource source) {
        try {
            return Path.of(Objects.requireNonNull(source.getLocation()).toURI()).toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
