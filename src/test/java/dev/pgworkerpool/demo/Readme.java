package dev.pgworkerpool.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** README.md as a source of examples: what stands between its fences. */
public record Readme(String text) {
    /** A command, as it was typed after a prompt, and the lines that it printed. */
    public record Typed(String command, List<String> output) {}

    private static final String PROMPT = "$ ";
    private static final Pattern FENCE =
            Pattern.compile("^```([a-z]+)\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

    public static Readme read() throws IOException {
        return new Readme(Files.readString(Path.of("README.md")));
    }

    /** From this heading to the next one, of whatever level. */
    public Readme section(String heading) {
        Matcher section = Pattern.compile(
                        "^#+ " + Pattern.quote(heading) + "$.*?(?=^#+ |\\z)", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(text);
        if (!section.find()) {
            throw new NoSuchElementException("README.md has no section " + heading);
        }
        return new Readme(section.group());
    }

    /** All but this section of the second level, with those that are in it. */
    Readme without(String heading) {
        return new Readme(Pattern.compile(
                        "^## " + Pattern.quote(heading) + "$.*?(?=^## |\\z)", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(text)
                .replaceFirst(""));
    }

    /** What its blocks of text show of a terminal. */
    public List<Typed> terminal() {
        return blocks("text").stream()
                .flatMap(block -> Stream.of(block.split("(?m)^(?=" + Pattern.quote(PROMPT) + ")")))
                .filter(typed -> typed.startsWith(PROMPT))
                .map(typed -> typed.lines().toList())
                .map(lines -> new Typed(lines.getFirst().substring(PROMPT.length()), lines.subList(1, lines.size())))
                .toList();
    }

    /** The blocks of this language, in their order. */
    public List<String> blocks(String language) {
        return FENCE.matcher(text)
                .results()
                .filter(fence -> fence.group(1).equals(language))
                .map(fence -> fence.group(2))
                .toList();
    }

    /** The commands {@code make ...} that are named anywhere. */
    List<String> makeTargets() {
        Matcher targets =
                Pattern.compile("(?:^|`)make ([a-z-]+)\\b", Pattern.MULTILINE).matcher(text);
        return targets.results().map(match -> match.group(1)).distinct().toList();
    }
}
