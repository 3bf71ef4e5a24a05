package dev.pgworkerpool.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** README.md as a source of examples: what stands between its fences. */
public record Readme(String text) {
    private static final Pattern FENCE =
            Pattern.compile("^```([a-z]+)\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

    public static Readme read() throws IOException {
        return new Readme(Files.readString(Path.of("README.md")));
    }

    /** The blocks of this language, in their order. */
    List<String> blocks(String language) {
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
