package dev.pgworkerpool.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A table of figures, written to {@code target/measurements/<name>.md} and to the standard output. */
final class Measurement {
    private static final Path FOLDER = Path.of("target", "measurements");

    private final String name;
    private final List<String> lines = new ArrayList<>();

    Measurement(String name, String title) {
        this.name = name;
        lines.add("# " + title);
        lines.add("");
    }

    Measurement head(Object... cells) {
        row(cells);
        lines.add("|---".repeat(cells.length) + "|");
        return this;
    }

    Measurement row(Object... cells) {
        var line = new StringBuilder("|");
        for (var cell : cells) {
            line.append(' ')
                    .append(cell instanceof Double number ? "%.1f".formatted(number) : cell)
                    .append(" |");
        }
        lines.add(line.toString());
        return this;
    }

    Measurement text(String text) {
        lines.add("");
        lines.add(text);
        lines.add("");
        return this;
    }

    void write() throws IOException {
        Files.createDirectories(FOLDER);
        Files.write(FOLDER.resolve(name + ".md"), lines);
        lines.forEach(System.out::println);
    }

    /** The smallest of these values that {@code percent} of them don't exceed. */
    static double percentile(List<Double> values, int percent) {
        var sorted = values.stream().sorted().toList();
        return sorted.get(Math.max(0, (int) Math.ceil(sorted.size() * percent / 100.0) - 1));
    }
}
