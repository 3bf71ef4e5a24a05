package dev.pgworkerpool.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** See {@link DrainQuestion}. */
final class DrainTrial implements Trial {
    private final BenchDatabase database;
    private final Link link;
    private final DrainQuestion.Load load;
    private final List<PeerContender> peers;

    private final List<String> names;

    DrainTrial(BenchDatabase database, Link link, DrainQuestion.Load load, List<Peer> peers) {
        this.database = database;
        this.link = link;
        this.load = load;
        this.peers = peers.stream()
                .map(peer -> new PeerContender(peer, database, load.jobs()))
                .toList();
        this.names = IntStream.range(0, load.names()).mapToObj(n -> "w" + n).toList();
    }

    @Override
    public List<Contender> contenders() {
        var contenders = new ArrayList<Contender>();
        contenders.add(Contender.of(
                DrainQuestion.INSERTS, new BareInserts(database, link.address(), load.names(), load.jobs())::rate));
        contenders.add(Contender.of(DrainQuestion.WORKERS, this::workers));
        contenders.addAll(peers);
        return contenders;
    }

    @Override
    public List<String> remarks() {
        var remarks = new ArrayList<>(link.remarks());
        peers.forEach(peer -> remarks.add(peer.version()));
        return remarks;
    }

    private double workers() throws Exception {
        database.empty();
        database.queueJobs(names, load.jobs());
        try (var workers = Workers.start(database, names, link.address())) {
            workers.drain();
        }
        database.requireEffects(names.size() * load.jobs());
        return database.drainRate(0);
    }

    @Override
    public void close() throws Exception {
        link.close();
        database.close();
    }
}
