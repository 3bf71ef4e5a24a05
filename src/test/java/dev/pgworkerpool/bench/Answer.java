package dev.pgworkerpool.bench;

import dev.pgworkerpool.bench.Aim.Reference.Other;
import dev.pgworkerpool.bench.Aim.Reference.To;
import dev.pgworkerpool.bench.Series.Part;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What came out.
 *
 * @param figures of each series, one a round, in the order in which they were measured
 */
record Answer(About about, Map<Series, List<Double>> figures, List<String> remarks) {

    Spread spread(Series series) {
        return Spread.of(rounds(series));
    }

    /** One for each aim whose reference took part. */
    List<Verdict> verdicts() {
        return about.aims().stream().flatMap(aim -> verdict(aim).stream()).toList();
    }

    private Optional<Verdict> verdict(Aim aim) {
        return switch (aim.reference()) {
            case To(var series) -> Optional.of(ratio(about.id(), aim, series));
            case Other.BEST_PEER -> bestPeer().map(peer -> ratio(about.id() + "-best-peer", aim, peer));
            case Other.NONE -> Optional.of(new Verdict(about.id(), aim, null, spread(aim.ours())));
        };
    }

    private Verdict ratio(String id, Aim aim, Series reference) {
        var ours = rounds(aim.ours());
        var others = rounds(reference);
        var ratios = IntStream.range(0, Math.min(ours.size(), others.size()))
                .mapToObj(round -> ours.get(round) / others.get(round))
                .toList();
        return new Verdict(id, aim, reference, Spread.of(ratios));
    }

    private Optional<Series> bestPeer() {
        return figures.keySet().stream()
                .filter(series -> series.part() == Part.PEER)
                .max(Comparator.comparingDouble(series -> spread(series).median()));
    }

    private List<Double> rounds(Series series) {
        return figures.getOrDefault(series, List.of());
    }
}
