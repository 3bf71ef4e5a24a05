package dev.pgworkerpool.image;

import dev.pgworkerpool.Command;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The command {@code docker}, and the image that is tested. */
final class Docker {
    static final String IMAGE = System.getProperty("image", "pg-worker-pool-operator:0.1.0");

    /** As the pods of the operator and of the workers: nothing may be written, and root has no power. */
    private static final List<String> RESTRICTED =
            List.of("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges");

    private Docker() {}

    static String docker(String... words) throws IOException {
        return new Command(Stream.concat(Stream.of("docker"), Stream.of(words)).toList(), Map.of()).run();
    }

    /** What {@code java} with these arguments prints in a container of the image. */
    static String java(List<String> options, String... arguments) throws IOException {
        return run("--rm", options, arguments);
    }

    /** Starts {@code java} with these arguments in a container of the image, and returns the container's id. */
    static String startJava(List<String> options, String... arguments) throws IOException {
        return run("--detach", options, arguments).strip();
    }

    private static String run(String mode, List<String> options, String... arguments) throws IOException {
        return docker(Stream.of(
                        List.of("run", mode, "--entrypoint", "java"),
                        RESTRICTED,
                        options,
                        List.of(IMAGE),
                        List.of(arguments))
                .flatMap(List::stream)
                .toArray(String[]::new));
    }

    /** One value of the image's configuration, as {@code docker image inspect --format} names it. */
    static String inspect(String format) throws IOException {
        return docker("image", "inspect", "--format", format, IMAGE).strip();
    }
}
