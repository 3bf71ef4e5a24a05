package dev.pgworkerpool.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is to be measured.
 *
 * @param quick small and without peers
 * @param questions ids; empty: all
 * @param rounds of each question; null: as it says itself
 * @param history how many finished rows the question of that name has; null: as it says itself
 * @param postgres a version that is installed on this machine; null: the embedded one
 */
record BenchArguments(
        boolean quick,
        List<String> questions,
        @Nullable Integer rounds,
        @Nullable Integer history,
        @Nullable String postgres) {
    private static final Set<String> OPTIONS = Set.of("--quick", "--questions", "--rounds", "--history", "--postgres");

    /** @throws IllegalArgumentException in words for the one who typed them */
    static BenchArguments parse(String... arguments) {
        Map<String, String> values = Arrays.stream(arguments)
                .map(argument -> argument.split("=", 2))
                .collect(Collectors.toMap(parts -> parts[0], parts -> parts.length == 2 ? parts[1] : ""));
        values.keySet().stream()
                .filter(option -> !OPTIONS.contains(option))
                .findFirst()
                .ifPresent(option -> {
                    throw new IllegalArgumentException("unknown option " + option);
                });
        var questions = values.get("--questions");
        return new BenchArguments(
                values.containsKey("--quick"),
                questions == null ? List.of() : List.of(questions.split(",")),
                number(values, "--rounds"),
                number(values, "--history"),
                values.get("--postgres"));
    }

    private static @Nullable Integer number(Map<String, String> values, String option) {
        var value = values.get(option);
        try {
            return value == null ? null : Integer.valueOf(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " takes a number, not " + value, e);
        }
    }
}
