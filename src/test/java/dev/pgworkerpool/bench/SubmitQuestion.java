package dev.pgworkerpool.bench;

import java.util.List;

/**
 * Submits to names whose workers are awake, against the same INSERT into a table without triggers.
 *
 * @param submits of all sessions together
 */
record SubmitQuestion(int rounds, int sessions, int submits) implements Question {
    private static final Series PLAIN = Series.limit("INSERT without trigger", "submits/s");
    private static final Series SUBMIT = Series.ours("submit", "submits/s");

    /** As many as a pool has slots. */
    private static final List<String> NAMES = BenchDatabase.names(8);

    @Override
    public About about() {
        return new About(
                "submit-" + sessions,
                "Submit, %d %s, workers awake".formatted(sessions, sessions == 1 ? "session" : "sessions"),
                "Submits a second, durable, each in a transaction of its own, against INSERTs into a table with the same indexes.",
                rounds,
                List.of(Aim.atLeast(0.9, SUBMIT, PLAIN)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, Durability.DURABLE);
        var awake = new AwakeNames(database, NAMES);
        // Somebody listens, as an operator does: what nobody hears costs nothing.
        var operator = new NotificationCount(database, "worker_pool");
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(
                        Contender.of(PLAIN, submits(database, Submits.PLAIN)::rate),
                        Contender.of(SUBMIT, submits(database, Submits.SUBMIT)::rate));
            }

            @Override
            public void close() throws Exception {
                operator.close();
                awake.close();
                database.close();
            }
        };
    }

    private Submits submits(BenchDatabase database, String call) {
        return new Submits(database, call, sessions, submits / sessions, NAMES);
    }
}
