package dev.pgworkerpool.embedded;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;

/** Durations as kubectl shows them: {@code 95s}, {@code 3m12s}, {@code 5h}, {@code 2d3h}. */
final class HumanDuration {
    private HumanDuration() {}

    /** How long ago the time was; {@code <unknown>} if there is none. */
    static String since(String time) {
        if (time.isEmpty()) {
            return "<unknown>";
        }
        try {
            return of(Duration.between(OffsetDateTime.parse(time).toInstant(), Instant.now()));
        } catch (DateTimeParseException e) {
            return "<invalid>";
        }
    }

    static String of(Duration duration) {
        var seconds = duration.toSeconds();
        if (seconds < -1) {
            return "<invalid>";
        }
        if (seconds < 120) {
            return Math.max(0, seconds) + "s";
        }
        if (seconds < 600) {
            return two(seconds / 60, "m", seconds % 60, "s");
        }
        if (seconds < 3 * 3600) {
            return seconds / 60 + "m";
        }
        var hours = seconds / 3600;
        if (hours < 8) {
            return two(hours, "h", seconds / 60 % 60, "m");
        }
        if (hours < 48) {
            return hours + "h";
        }
        if (hours < 8 * 24) {
            return two(hours / 24, "d", hours % 24, "h");
        }
        if (hours < 2 * 365 * 24) {
            return hours / 24 + "d";
        }
        return two(hours / 24 / 365, "y", hours / 24 % 365, "d");
    }

    private static String two(long large, String largeUnit, long small, String smallUnit) {
        return small == 0 ? large + largeUnit : large + largeUnit + small + smallUnit;
    }
}
