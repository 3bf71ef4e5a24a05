package dev.pgworkerpool.bench;

import java.util.List;

/**
 * Waiting jobs of some names, each drained by its worker, against as many connections that insert the same rows themselves, and
 * against peers.
 */
record DrainQuestion(About about, Load load, List<Peer> peers) implements Question {
    static final Series WORKERS = Series.ours("worker", "jobs/s");
    static final Series INSERTS = Series.limit("bare INSERTs", "jobs/s");

    /**
     * @param names each with a worker of its own
     * @param jobs of each name
     * @param roundTripMillis to the server and back; 0: what it takes on this machine
     */
    record Load(Durability durability, int names, int jobs, double roundTripMillis) {}

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, load.durability());
        var link = load.roundTripMillis() == 0
                ? Link.straight(database.address())
                : SlowLink.to(database, load.roundTripMillis());
        return new DrainTrial(database, link, load, peers);
    }
}
