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
    private final List<PeerContender> peers;

    DrainTrial(BenchDatabase database, Link link, DrainQuestion.Load load, List<Peer> peers) {
        this.database = database;
        this.link = link;
        this.load = load;
        this.peers = peers.stream()
                .map(peer -> new PeerContender(peer, database, Math.min(load.jobs(), MOST_JOBS_OF_A_PEER)))
                .toList();
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
        return new Backlog(database, link.address(), BenchDatabase.names(load.names()), load.jobs()).drain();
    }

    @Override
    public void close() throws Exception {
        link.close();
        database.close();
    }
}
