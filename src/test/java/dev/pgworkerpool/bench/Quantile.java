package dev.pgworkerpool.bench;

import java.util.List;

/** The smallest of many values that so many per cent of them do not exceed. */
final class Quantile {
    private Quantile() {}

    static double of(List<Double> values, int percent) {
        var sorted = values.stream().sorted().toList();
        return sorted.get(Math.max(0, (int) Math.ceil(sorted.size() * percent / 100.0) - 1));
    }
}
