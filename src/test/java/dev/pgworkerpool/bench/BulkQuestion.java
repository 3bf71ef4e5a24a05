package dev.pgworkerpool.bench;

import java.util.List;

/** Many jobs that one transaction queues, against as many rows for a table without triggers. */
record BulkQuestion(int rounds, Kind kind, int jobs) implements Question {
    private static final Series PLAIN = Series.limit("table without triggers", "s");
    private static final Series QUEUE = Series.ours("queue", "s");

    /** Both ways, as text with the number of jobs in it. The first one is that into the queue. */
    enum Kind {
        CALLS(
                "bulk-calls",
                "%,d submits in one transaction",
                "DO $$ BEGIN FOR n IN 1..%d LOOP CALL worker_pool.submit('name 1', 'SELECT 1'); END LOOP; END $$",
                "DO $$ BEGIN FOR n IN 1..%d LOOP"
                        + " INSERT INTO public.plain (worker_name, query_text) VALUES ('name 1', 'SELECT 1'); END LOOP; END $$"),
        SELECT(
                "bulk-select",
                "INSERT ... SELECT of %,d jobs",
                "INSERT INTO worker_pool.jobs (worker_name, query_text) SELECT 'name 1', 'SELECT 1' FROM generate_series(1, %d)",
                "INSERT INTO public.plain (worker_name, query_text) SELECT 'name 1', 'SELECT 1' FROM generate_series(1, %d)");

        private final String id;
        private final String title;
        private final String queue;
        private final String plain;

        Kind(String id, String title, String queue, String plain) {
            this.id = id;
            this.title = title;
            this.queue = queue;
            this.plain = plain;
        }
    }

    @Override
    public About about() {
        return new About(
                kind.id,
                kind.title.formatted(jobs),
                "Seconds until it is committed, durable, with no worker awake, against a table with the same indexes.",
                rounds,
                List.of(Aim.atMost(2, QUEUE, PLAIN)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, Durability.DURABLE);
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(
                        Contender.of(PLAIN, () -> seconds(database, kind.plain.formatted(jobs))),
                        Contender.of(QUEUE, () -> seconds(database, kind.queue.formatted(jobs))));
            }

            @Override
            public void close() throws Exception {
                database.close();
            }
        };
    }

    private static double seconds(BenchDatabase database, String statement) throws Exception {
        database.empty();
        try (var sessions = Sessions.open(1, () -> database.as(BenchDatabase.ALICE))) {
            return sessions.seconds((connection, session) -> {
                try (var bulk = connection.createStatement()) {
                    bulk.execute(statement);
                }
            });
        }
    }
}
