package dev.pgworkerpool.bench;

import java.util.Locale;

/** Numbers as people read them: three digits say enough. */
final class Numbers {
    private Numbers() {}

    static String text(double value) {
        var format = Math.abs(value) >= 100 ? "%,.0f" : Math.abs(value) >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }

    /** The median, and the lowest and the highest. */
    static String text(Spread spread) {
        return "%s (%s .. %s)".formatted(text(spread.median()), text(spread.lowest()), text(spread.highest()));
    }
}
