package dev.pgworkerpool.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table in Markdown, with its columns under each other for those who read it as it is. */
final class MarkdownTable {
    private final List<List<String>> rows = new ArrayList<>();

    MarkdownTable(String... head) {
        rows.add(List.of(head));
    }

    MarkdownTable row(String... cells) {
        rows.add(List.of(cells));
        return this;
    }

    @Override
    public String toString() {
        var lines = new ArrayList<>(rows.stream().map(this::line).toList());
        lines.add(1, "|" + widths().mapToObj(width -> "-".repeat(width + 2)).collect(Collectors.joining("|")) + "|");
        return String.join("\n", lines) + "\n";
    }

    private String line(List<String> cells) {
        var widths = widths().toArray();
        return IntStream.range(0, cells.size())
                .mapToObj(column -> cells.get(column) + " ".repeat(widths[column] - length(cells.get(column))))
                .collect(Collectors.joining(" | ", "| ", " |"));
    }

    private IntStream widths() {
        return IntStream.range(0, rows.getFirst().size())
                .map(column -> rows.stream()
                        .mapToInt(row -> length(row.get(column)))
                        .max()
                        .orElseThrow());
    }

    private static int length(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
