package dev.pgworkerpool.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What there is for users to apply. A new file is tested with the others. */
public final class DeployFiles {
    private DeployFiles() {}

    /** The folders to give to {@code kubectl apply -k}. */
    public static Stream<String> kustomizations() throws IOException {
        return Stream.concat(Stream.of("deploy"), in("deploy/overlays"));
    }

    /** Those to give to {@code kubectl apply -f}; the others are for psql. */
    public static Stream<String> examples() throws IOException {
        return in("examples").filter(file -> file.endsWith(".yaml"));
    }

    private static Stream<String> in(String folder) throws IOException {
        try (var files = Files.list(Path.of(folder))) {
            return files.map(Path::toString).sorted().toList().stream();
        }
    }
}
