package dev.pgworkerpool.bench;

import java.util.List;
import java.util.stream.Collectors;

/**
 * All that a run found out, in Markdown.
 *
 * @param failures of questions that have no answer, in words
 * @param peers that were to take part, installed or not
 */
record Report(Surroundings surroundings, List<Answer> answers, List<String> failures, List<Peer> peers) {

    String markdown() {
        return String.join(
                        "\n",
                        head(),
                        summary(),
                        failures.stream().map("- **failed**: %s\n"::formatted).collect(Collectors.joining()),
                        answers.stream().map(Report::section).collect(Collectors.joining("\n")),
                        peerSection())
                .replaceAll("\n{3,}", "\n\n");
    }

    /** One line an aim. */
    String summary() {
        var table = new MarkdownTable("question", "of what", "aim", "median (range)", "met");
        for (var answer : answers) {
            for (var verdict : answer.verdicts()) {
                table.row(
                        answer.about().id(),
                        verdict.subject(),
                        aim(verdict.aim()),
                        Numbers.text(verdict.spread()),
                        verdict.met() ? "yes" : "**no**");
            }
        }
        return table.toString();
    }

    /** The figures behind the ratios of one question. */
    static String figures(Answer answer) {
        var table = new MarkdownTable("what", "unit", "median", "lowest", "highest");
        answer.figures().keySet().forEach(series -> {
            var spread = answer.spread(series);
            table.row(
                    series.name(),
                    series.unit(),
                    Numbers.text(spread.median()),
                    Numbers.text(spread.lowest()),
                    Numbers.text(spread.highest()));
        });
        return table.toString();
    }

    private String head() {
        return """
                # Benchmark

                - %s, %s
                - %s: %s

                Rounds of all that are compared take turns, and the first round is thrown away. A ratio is the median of the ratios of
                the rounds. Figures are those of this machine on this day; ratios travel better.
                """.formatted(
                        surroundings.date(),
                        surroundings.machine(),
                        surroundings.server(),
                        surroundings.settings().entrySet().stream()
                                .map(setting -> setting.getKey() + " = " + setting.getValue())
                                .collect(Collectors.joining(", ")));
    }

    private static String section(Answer answer) {
        var about = answer.about();
        return """
                ## %s

                %s

                %s
                %s
                ![%s](%s.svg)
                """.formatted(
                        about.title(),
                        about.measured(),
                        figures(answer),
                        answer.remarks().stream().map("- %s\n"::formatted).collect(Collectors.joining()),
                        about.title(),
                        about.id());
    }

    private String peerSection() {
        if (peers.isEmpty()) {
            return "";
        }
        var table = new MarkdownTable("peer", "took part", "what it does not do that we do");
        peers.forEach(peer -> table.row(
                peer.name(), peer.isInstalled() ? "yes" : "no, it is not installed: `make bench-peers`", peer.lacks()));
        return "## Peers\n\n" + table;
    }

    private static String aim(Aim aim) {
        return aim.direction().symbol() + " " + Numbers.text(aim.bound());
    }
}
