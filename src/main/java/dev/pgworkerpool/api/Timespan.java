package dev.pgworkerpool.api;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as Kubernetes users write them: {@code 168h}, {@code 1h30m}, {@code 250ms}, {@code 0s}; days as {@code 7d}, too.
 *
 * <p>A subset of the format of <a href="https://pkg.go.dev/time#ParseDuration">Go's time.ParseDuration</a> (no fractions, no
 * sign), with days added.
 */
public final class Timespan {
    /** What the CRD accepts. */
    public static final String PATTERN = "^([0-9]{1,9}(ms|s|m|h|d)){1,8}$";

    /** What is longer is as good as for ever, and fits in what durations are computed with. */
    private static final Duration LONGEST = Duration.ofDays(36500);

    private static final Pattern WHOLE = Pattern.compile(PATTERN);
    private static final Pattern PART = Pattern.compile("([0-9]+)(ms|s|m|h|d)");

    private Timespan() {}

    /**
     * At most a hundred years.
     *
     * @throws IllegalArgumentException when the text is no such duration
     */
    public static Duration parse(String text) {
        if (!WHOLE.matcher(text).matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is no duration such as 90s, 1h30m or 7d");
        }
        Duration sum = Duration.ZERO;
        Matcher part = PART.matcher(text);
        while (part.find()) {
            sum = sum.plus(of(Long.parseLong(part.group(1)), part.group(2)));
        }
        return sum.compareTo(LONGEST) < 0 ? sum : LONGEST;
    }

    private static Duration of(long amount, String unit) {
        return switch (unit) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofDays(amount);
        };
    }
}
