package dev.pgworkerpool.bench;

import java.util.List;

/** Jobs that are queued and then drained, each name by a worker of its own. */
record Backlog(BenchDatabase database, Address address, List<String> names, int each) {

    /** Jobs a second, from the first one's beginning to the last one's end. Whatever else the queue holds is not counted. */
    double drain() throws Exception {
        database.emptyEffects();
        long before = database.lastId();
        database.queueJobs(names, each);
        try (var workers = Workers.start(database, names, address)) {
            workers.drain();
        }
        database.requireEffects((long) names.size() * each);
        return database.drainRate(before);
    }
}
