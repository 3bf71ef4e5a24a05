package dev.pgworkerpool.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Lets contenders take turns, so that what disturbs the machine disturbs all of them. */
final class Rounds {
    private Rounds() {}

    /** The figures of each series, one a round. Those of the rounds that come first, to warm up, are thrown away. */
    static Map<Series, List<Double>> of(List<Contender> contenders, int toWarmUp, int rounds) throws Exception {
        var figures = new LinkedHashMap<Series, List<Double>>();
        for (int round = 1; round <= toWarmUp + rounds; round++) {
            for (var contender : contenders) {
                for (var figure : contender.round()) {
                    var all = figures.computeIfAbsent(figure.series(), first -> new ArrayList<>());
                    if (round > toWarmUp) {
                        all.add(figure.value());
                    }
                }
            }
        }
        return figures;
    }
}
