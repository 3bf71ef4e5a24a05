package dev.pgworkerpool.bench;

import java.util.List;

/** The figures of several rounds, in short. */
record Spread(double lowest, double median, double highest) {

    /** @throws IllegalArgumentException if there are none */
    static Spread of(List<Double> figures) {
        if (figures.isEmpty()) {
            throw new IllegalArgumentException("no figures");
        }
        var sorted = figures.stream().sorted().toList();
        int middle = sorted.size() / 2;
        double median = sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
        return new Spread(sorted.getFirst(), median, sorted.getLast());
    }
}
