package dev.pgworkerpool.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A folder whose files change all at once, the way the kubelet does it: {@code ..data} is a link to the folder with the present
 * files, and what the container sees are links through {@code ..data}.
 */
final class AtomicFolder {
    private static final String DATA = "..data";

    private final Path dir;
    private Map<String, byte[]> present = Map.of();
    private int generation;

    AtomicFolder(Path dir) {
        this.dir = dir;
    }

    /** Does nothing if these are the files that are there. */
    void write(Map<String, byte[]> files) throws IOException {
        if (generation > 0 && isSame(files)) {
            return;
        }
        Files.createDirectories(dir);
        var before = dir.resolve(".." + generation);
        var next = dir.resolve(".." + ++generation);
        Files.createDirectory(next);
        for (var file : files.entrySet()) {
            var path = next.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("r--r-----"));
        }
        var link = Files.createSymbolicLink(dir.resolve("..tmp"), next.getFileName());
        Files.move(link, dir.resolve(DATA), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        showTopLevel(files);
        delete(before);
        present = Map.copyOf(files);
    }

    private boolean isSame(Map<String, byte[]> files) {
        return files.keySet().equals(present.keySet())
                && files.entrySet().stream().allMatch(e -> Arrays.equals(e.getValue(), present.get(e.getKey())));
    }

    private void showTopLevel(Map<String, byte[]> files) throws IOException {
        for (var file : files.keySet()) {
            var name = Path.of(file).getName(0);
            if (!Files.isSymbolicLink(dir.resolve(name))) {
                Files.createSymbolicLink(dir.resolve(name), Path.of(DATA).resolve(name));
            }
        }
        try (Stream<Path> shown = Files.list(dir)) {
            for (var link : shown.toList()) {
                if (!link.getFileName().toString().startsWith("..") && !Files.exists(link)) {
                    Files.delete(link);
                }
            }
        }
    }

    /** Deletes a folder with all that is in it, if it is there. */
    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (var file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            // nothing to delete
        }
    }
}
