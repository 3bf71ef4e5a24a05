package dev.pgworkerpool.bench;

import dev.pgworkerpool.Command;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** How the worker of the container image is started: from the packaged classes, with the arguments and the AOT cache of the image. */
final class ImageWorker {
    private static final Path BUILT = Path.of("target", "quarkus-app");
    private static final Path IMAGE = Path.of("src", "main", "docker");
    private static final Path CACHE = Path.of("target", "bench", "worker.aot");
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    private ImageWorker() {}

    /** The arguments for {@code java}. Makes the cache, as the Dockerfile does. */
    static List<String> arguments() throws IOException {
        var driver = driver();
        new Command(
                        List.of(
                                JAVA,
                                "-XX:+UseSerialGC",
                                "-Xshare:dump",
                                "-XX:+AOTClassLinking",
                                "-XX:SharedClassListFile=" + IMAGE.resolve("worker.classes"),
                                "-XX:SharedArchiveFile=" + CACHE,
                                "-cp",
                                driver),
                        Map.of())
                .run();
        try (Stream<String> lines = Files.lines(IMAGE.resolve("worker.args"))) {
            var arguments = new ArrayList<String>();
            lines.flatMap(line -> Stream.of(line.split(" ")))
                    .map(word -> word.replace("/app/worker.aot", CACHE.toString())
                            .replace("/app/postgresql.jar", driver)
                            .replace("/app/app/", BUILT.resolve("app") + "/"))
                    .forEach(arguments::add);
            return arguments;
        }
    }

    private static String driver() throws IOException {
        try (DirectoryStream<Path> jars =
                Files.newDirectoryStream(BUILT.resolve("lib").resolve("main"), "org.postgresql.postgresql-*.jar")) {
            return jars.iterator().next().toString();
        }
    }
}
