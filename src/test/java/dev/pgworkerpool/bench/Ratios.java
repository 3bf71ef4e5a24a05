package dev.pgworkerpool.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The medians of the ratios of a run by their ids, and as JSON. Ratios, not times: they mean the same on other machines. */
record Ratios(Map<String, Double> byId) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    static Ratios of(List<Verdict> verdicts) {
        var byId = new TreeMap<String, Double>();
        verdicts.stream()
                .filter(verdict -> verdict.reference() != null)
                .forEach(ratio -> byId.put(ratio.id(), rounded(ratio.spread().median())));
        return new Ratios(byId);
    }

    static Ratios parse(String json) throws JsonProcessingException {
        return new Ratios(JSON.readValue(json, new TypeReference<TreeMap<String, Double>>() {}));
    }

    String json() throws JsonProcessingException {
        return JSON.writeValueAsString(byId) + "\n";
    }

    /** Which of these are much worse than here, in words. One that is not here is new, and is not judged. */
    List<String> lostBy(List<Verdict> measured) {
        return measured.stream()
                .filter(verdict -> verdict.reference() != null)
                .flatMap(ratio -> loss(ratio).stream())
                .toList();
    }

    private Optional<String> loss(Verdict ratio) {
        var before = byId.get(ratio.id());
        if (before == null) {
            return Optional.empty();
        }
        var direction = ratio.aim().direction();
        double tolerated = direction.tolerated(before);
        double now = ratio.spread().median();
        return direction.meets(now, tolerated)
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%s: %.2f, which was %.2f (and may be %s %.2f)",
                        ratio.id(),
                        now,
                        before,
                        direction.symbol(),
                        tolerated));
    }

    private static double rounded(double ratio) {
        return Math.round(ratio * 1000) / 1000.0;
    }
}
