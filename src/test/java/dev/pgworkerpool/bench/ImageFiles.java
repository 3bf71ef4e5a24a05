package dev.pgworkerpool.bench;

import dev.pgworkerpool.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What the container image has under {@code /app}, made by the same scripts: the packaged classes, the arguments and the AOT caches. */
final class ImageFiles {
    private static final Path APP = Path.of("target", "bench", "app").toAbsolutePath();
    private static final String JAVA_BIN =
            Path.of(System.getProperty("java.home"), "bin").toString();

    private static boolean made;

    private ImageFiles() {}

    /** The arguments for {@code java} that start the worker as the image starts it. */
    static List<String> worker() throws IOException {
        make();
        return List.of("@" + APP.resolve("worker.args"));
    }

    /** The same of the operator, in a container with the memory that the deployment gives it. */
    static List<String> operator() throws IOException {
        make();
        return List.of("-XX:MaxRAM=512m", "@" + APP.resolve("operator.args"));
    }

    /** As the Dockerfile does. */
    private static synchronized void make() throws IOException {
        if (made) {
            return;
        }
        script("""
                rm -rf "$APP"
                cp -R target/quarkus-app "$APP"
                cp src/main/docker/*.* "$APP"
                cd "$APP"
                sh libraries.sh
                sh cache.sh worker lib/postgresql.jar
                sh cache.sh operator lib/libraries.jar
                """);
        for (var name : List.of("worker.args", "operator.args")) {
            var file = APP.resolve(name);
            Files.writeString(file, Files.readString(file).replace("/app/", APP + "/"));
        }
        made = true;
    }

    private static void script(String lines) throws IOException {
        new Command(
                        List.of("sh", "-ec", lines),
                        Map.of("APP", APP.toString(), "PATH", JAVA_BIN + ":" + System.getenv("PATH")))
                .run();
    }
}
