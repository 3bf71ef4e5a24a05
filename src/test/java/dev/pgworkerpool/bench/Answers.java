package dev.pgworkerpool.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Answers as they might be, for tests of what is made of them. */
final class Answers {
    static final Series INSERTS = Series.limit("bare INSERTs", "jobs/s");
    static final Series WORKER = Series.ours("worker", "jobs/s");
    static final Series GRAPHILE = Series.looserPeer("graphile-worker", "jobs/s");
    static final Series PG_BOSS = Series.peer("pg-boss", "jobs/s");
    static final Series SLOW = Series.peer("slow", "jobs/s");
    static final Series TIME = Series.ours("time", "s");

    private Answers() {}

    /** Three rounds whose ratios are 0.8, 0.5 and 0.7; with peers, of which graphile-worker is the fastest and not as safe. */
    static Answer drain(boolean withPeers) {
        var about = new About(
                "drain-durable",
                "Drain, one name & durable",
                "Jobs a second of one worker.",
                3,
                List.of(Aim.atLeast(0.75, WORKER, INSERTS), Aim.atLeastOfBestPeer(2.5, WORKER)));
        var figures = new LinkedHashMap<Series, List<Double>>();
        figures.put(INSERTS, List.of(5000.0, 6000.0, 5000.0));
        figures.put(WORKER, List.of(4000.0, 3000.0, 3500.0));
        if (withPeers) {
            figures.put(SLOW, List.of(2000.0, 900.0, 800.0));
            figures.put(PG_BOSS, List.of(1000.0, 1000.0, 1000.0));
            figures.put(GRAPHILE, List.of(2000.0, 1900.0, 1800.0));
        }
        return new Answer(about, figures, List.of("pg-boss 12.38.0"));
    }

    /** One ratio, of something that is to be small. */
    static Answer slow(double ratio) {
        var about = new About("bulk", "Bulk", "Seconds.", 1, List.of(Aim.atMost(2, TIME, INSERTS)));
        return new Answer(about, new LinkedHashMap<>(Map.of(TIME, List.of(ratio), INSERTS, List.of(1.0))), List.of());
    }

    /** No ratio: seconds, of which there are to be 20 at most. */
    static Answer small(double seconds) {
        var about = new About("small", "Small", "Seconds.", 1, List.of(Aim.atMost(20, TIME)));
        return new Answer(about, new LinkedHashMap<>(Map.of(TIME, List.of(seconds))), List.of());
    }
}
