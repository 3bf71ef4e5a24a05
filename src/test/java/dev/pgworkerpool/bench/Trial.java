package dev.pgworkerpool.bench;

import java.util.List;

/** A question that is being asked, with what it needs for that. */
interface Trial extends AutoCloseable {

    /** In the order in which they have their turns, in each round. */
    List<Contender> contenders();

    /** So many rounds come before those that count, so that all is warm. */
    default int roundsToWarmUp() {
        return 1;
    }

    /** What a reader of the figures has to know of this run. */
    default List<String> remarks() {
        return List.of();
    }

    @Override
    void close() throws Exception;
}
