package dev.pgworkerpool.bench;

import java.util.List;

/** The peers whose programs are below {@code src/bench/peers}. */
final class Peers {
    static final List<Peer> ALL = List.of();

    private Peers() {}
}
