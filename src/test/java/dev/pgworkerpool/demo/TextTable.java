package dev.pgworkerpool.demo;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A query's result as lines of text, the way psql shows it. */
record TextTable(List<String> head, List<List<String>> rows) {

    /** Reads all rows that are left. */
    static TextTable of(ResultSet result) throws SQLException {
        var meta = result.getMetaData();
        var head = new ArrayList<String>();
        for (int column = 1; column <= meta.getColumnCount(); column++) {
            head.add(meta.getColumnLabel(column));
        }
        var rows = new ArrayList<List<String>>();
        while (result.next()) {
            var row = new ArrayList<String>();
            for (int column = 1; column <= head.size(); column++) {
                row.add(Objects.requireNonNullElse(result.getString(column), ""));
            }
            rows.add(row);
        }
        return new TextTable(head, rows);
    }

    List<String> lines() {
        var lines = new ArrayList<String>();
        lines.add(line(head));
        lines.add(IntStream.range(0, head.size())
                .mapToObj(i -> "-".repeat(width(i) + 2))
                .collect(Collectors.joining("+")));
        rows.forEach(row -> lines.add(line(row)));
        return lines;
    }

    private String line(List<String> cells) {
        return IntStream.range(0, cells.size())
                .mapToObj(i -> " %-" + width(i) + "s ")
                .collect(Collectors.joining("|"))
                .formatted(cells.toArray())
                .stripTrailing();
    }

    private int width(int column) {
        return IntStream.concat(
                        IntStream.of(head.get(column).length()),
                        rows.stream().mapToInt(row -> row.get(column).length()))
                .max()
                .orElseThrow();
    }
}
