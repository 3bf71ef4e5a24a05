package dev.pgworkerpool.bench;

import java.util.ArrayList;
import java.util.List;

/** See {@link DrainQuestion}. */
final class DrainTrial implements Trial {
    /** Their rates do not depend on it, but the patience of who waits for them does. */
    private static final int MOST_JOBS_OF_A_PEER = 2000;

    private final BenchDatabase database;
    private final Link link;
    private final DrainQuestion.Load load;
    private final Workers workers;
    private final List<PeerContender> peers;

    DrainTrial(BenchDatabase database, Link link, DrainQuestion.Load load, List<Peer> peers) throws Exception {
        this.database = database;
        this.link = link;
        this.load = load;
        this.workers = Workers.start(database, BenchDatabase.names(load.names()), link.address());
        this.peers = peers.stream()
                .map(peer -> new PeerContender(peer, database, Math.min(load.jobs(), MOST_JOBS_OF_A_PEER)))
                .toList();
    }

    @Override
    public List<Contender> contenders() {
        var contenders = new ArrayList<Contender>();
        contenders.add(Contender.of(
                DrainQuestion.INSERTS, new BareInserts(database, link.address(), load.names(), load.jobs())::rate));
        contenders.add(Contender.of(DrainQuestion.WORKERS, this::drain));
        contenders.addAll(peers);
        return contenders;
    }

    @Override
    public List<String> remarks() {
        var remarks = new ArrayList<>(link.remarks());
        peers.forEach(peer -> remarks.add(peer.version()));
        return remarks;
    }

    private double drain() throws Exception {
        database.empty();
        return workers.drain(load.jobs());
    }

    @Override
    public void close() throws Exception {
        workers.close();
        link.close();
        database.close();
    }
}
