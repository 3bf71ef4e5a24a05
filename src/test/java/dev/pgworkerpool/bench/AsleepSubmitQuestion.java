package dev.pgworkerpool.bench;

import java.util.List;

/**
 * Submits while nobody is awake, so that the operator has to be told, against INSERTs with a notification each.
 *
 * @param submits of all sessions together
 */
record AsleepSubmitQuestion(int rounds, int sessions, int submits) implements Question {
    private static final Series NOTIFY = Series.limit("INSERT and NOTIFY", "submits/s");
    private static final Series SUBMIT = Series.ours("submit, 100 names", "submits/s");
    private static final Series ONE_NAME = Series.ours("submit, one name", "submits/s");
    private static final Series NOTIFICATIONS = Series.ours("one name: notifications", "per 100 submits");

    @Override
    public About about() {
        return new About(
                "submit-%d-asleep".formatted(sessions),
                "Submit, %d sessions, no worker awake".formatted(sessions),
                "Submits a second, durable, against INSERTs into a table with the same indexes, each with a NOTIFY.",
                rounds,
                // No worse: what is less than a tenth is noise.
                List.of(Aim.atLeast(0.9, SUBMIT, NOTIFY)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, Durability.DURABLE);
        var operator = new NotificationCount(database, "worker_pool", "bench");
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(
                        Contender.of(NOTIFY, submits(database, Submits.PLAIN_AND_NOTIFY, 100)::rate),
                        Contender.of(SUBMIT, submits(database, Submits.SUBMIT, 100)::rate),
                        this::oneName);
            }

            private List<Figure> oneName() throws Exception {
                operator.sinceLast();
                double rate = submits(database, Submits.SUBMIT, 1).rate();
                return List.of(
                        new Figure(ONE_NAME, rate), new Figure(NOTIFICATIONS, 100.0 * operator.sinceLast() / submits));
            }

            @Override
            public void close() throws Exception {
                operator.close();
                database.close();
            }
        };
    }

    private Submits submits(BenchDatabase database, String call, int names) {
        return new Submits(database, call, sessions, submits / sessions, BenchDatabase.names(names));
    }
}
