package dev.pgworkerpool.bench;

import java.util.List;

/** A question that is being asked, with what it needs for that. */
interface Trial extends AutoCloseable {

    /** In the order in which they have their turns, in each round. */
    List<Contender> contenders();

    /** What a reader of the figures has to know of this run. */
    default List<String> remarks() {
        return List.of();
    }

    @Override
    void close() throws Exception;
}
