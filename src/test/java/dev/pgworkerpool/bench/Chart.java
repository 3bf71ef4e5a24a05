package dev.pgworkerpool.bench;

import java.util.List;
import java.util.Locale;

/** A bar chart as SVG: the medians as bars, lowest to highest as a line over their ends. Readable on light and on dark. */
final class Chart {
    private static final int WIDTH = 720;
    private static final int TOP = 64;
    private static final int ROW = 46;
    private static final int LEFT = 16;
    private static final int BAR = 18;
    /** What a bar may take, so that its figure still fits in behind it. */
    private static final int LONGEST = 500;

    private static final String STYLE = """
            <style>
              text { font: 13px system-ui, sans-serif; fill: #1f2328 }
              .title { font-size: 15px; font-weight: 600 }
              .quiet { fill: #59636e }
              .limit { fill: #8c959f } .ours { fill: #1a7f37 } .peer, .looser_peer { fill: #5a8fd6 }
              .spread { stroke: #1f2328; stroke-width: 1.5 }
              @media (prefers-color-scheme: dark) {
                text { fill: #e6edf3 }
                .quiet { fill: #9198a1 }
                .limit { fill: #6e7681 } .ours { fill: #3fb950 } .peer, .looser_peer { fill: #4a7fc1 }
                .spread { stroke: #e6edf3 }
              }
            </style>
            """;

    private Chart() {}

    /** Of those series of the answer whose figures have the unit of the first one. */
    static String of(Answer answer) {
        var unit = answer.figures().keySet().iterator().next().unit();
        var series = answer.figures().keySet().stream()
                .filter(one -> one.unit().equals(unit))
                .toList();
        double highest = series.stream()
                .mapToDouble(one -> answer.spread(one).highest())
                .max()
                .orElseThrow();
        var svg = new StringBuilder(start(answer, series));
        svg.append(STYLE);
        svg.append(text("title", LEFT, 26, answer.about().title()));
        svg.append(text("quiet", LEFT, 46, unit + ": median, lowest and highest of " + rounds(answer) + " rounds"));
        for (int i = 0; i < series.size(); i++) {
            svg.append(bar(series.get(i), answer.spread(series.get(i)), highest, TOP + i * ROW));
        }
        return svg.append("</svg>\n").toString();
    }

    private static String start(Answer answer, List<Series> series) {
        return """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">
                """.formatted(
                WIDTH, TOP + series.size() * ROW + 8, escaped(answer.about().title()));
    }

    private static String bar(Series series, Spread spread, double highest, int y) {
        double scale = LONGEST / highest;
        double end = LEFT + spread.highest() * scale;
        int middle = y + 10 + BAR / 2;
        return text("name", LEFT, y + 5, series.name())
                + String.format(
                        Locale.ROOT,
                        """
                        <rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>
                        <line class="spread" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>
                        """,
                        series.part().name().toLowerCase(Locale.ROOT),
                        LEFT,
                        y + 10,
                        spread.median() * scale,
                        BAR,
                        LEFT + spread.lowest() * scale,
                        end,
                        middle,
                        middle)
                + text("quiet", end + 8, middle + 5, Numbers.text(spread));
    }

    private static String text(String style, double x, int y, String text) {
        return String.format(
                Locale.ROOT, "<text class=\"%s\" x=\"%.1f\" y=\"%d\">%s</text>\n", style, x, y, escaped(text));
    }

    private static int rounds(Answer answer) {
        return answer.figures().values().iterator().next().size();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
