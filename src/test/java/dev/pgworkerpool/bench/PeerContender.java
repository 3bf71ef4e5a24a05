package dev.pgworkerpool.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.pgworkerpool.Command;
import dev.pgworkerpool.postgres.PostgresServer;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A peer that runs as many jobs with the same effect, one at a time. Its program is new in each round and has yet to warm up, so it
 * runs twice as many and measures the second half. It prints one line at the end, such as
 * {@code {"peer": "graphile-worker 0.17.3", "jobsPerSecond": 1111.1}}.
 */
final class PeerContender implements Contender {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Peer peer;
    private final BenchDatabase database;
    private final int jobs;
    private final Series series;
    private String version = "";

    PeerContender(Peer peer, BenchDatabase database, int jobs) {
        this.peer = peer;
        this.database = database;
        this.jobs = jobs;
        this.series = peer.atomic() ? Series.peer(peer.name(), "jobs/s") : Series.looserPeer(peer.name(), "jobs/s");
    }

    @Override
    public List<Figure> round() throws Exception {
        database.empty();
        var words = Stream.concat(peer.command().stream(), Stream.of(Integer.toString(2 * jobs)))
                .toList();
        var line = new Command(words, connection())
                .run()
                .lines()
                .filter(printed -> printed.startsWith("{"))
                .reduce((first, last) -> last)
                .orElseThrow(() -> new IllegalStateException(peer.name() + " printed no result"));
        database.requireEffects(2 * jobs);
        var result = JSON.readTree(line);
        version = result.path("peer").asText();
        return List.of(new Figure(series, result.path("jobsPerSecond").asDouble()));
    }

    /** Which one it was. */
    String version() {
        return version;
    }

    /** As libpq takes it. Peers bring their own schemas, so they are the superuser. */
    private Map<String, String> connection() {
        var address = database.address();
        return Map.of(
                "PGHOST",
                address.host(),
                "PGPORT",
                Integer.toString(address.port()),
                "PGDATABASE",
                database.name(),
                "PGUSER",
                PostgresServer.SUPERUSER,
                "PGPASSWORD",
                database.queue().server().superuserPassword());
    }
}
