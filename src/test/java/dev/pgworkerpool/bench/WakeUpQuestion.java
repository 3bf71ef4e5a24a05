package dev.pgworkerpool.bench;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * From the commit of a submit until the effect of its job is committed, with a worker that waits for it, against a client that
 * listens and inserts the same row by itself.
 *
 * @param submits of each, one after the other
 */
record WakeUpQuestion(int rounds, int submits) implements Question {
    private static final Series CLIENT_50 = Series.limit("listening client, p50", "ms");
    private static final Series WORKER_50 = Series.ours("worker, p50", "ms");
    private static final Series CLIENT_95 = Series.limit("listening client, p95", "ms");
    private static final Series WORKER_95 = Series.ours("worker, p95", "ms");

    private static final List<String> NAMES = BenchDatabase.names(1);

    /** Between an effect and the next submit: the worker sees that nothing is left, and waits. */
    private static final Duration REST = Duration.ofMillis(10);

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Override
    public About about() {
        return new About(
                "wake-up",
                "From commit to effect, worker waiting",
                "Milliseconds from the commit of a submit until a session hears that the effect of its job is committed, durable, while"
                        + " a worker waits for work; against a client that listens and inserts the same row.",
                rounds,
                List.of(Aim.atMost(1.5, WORKER_50, CLIENT_50)));
    }

    @Override
    public Trial open(BenchServer server) throws Exception {
        var database = BenchDatabase.on(server, Durability.DURABLE);
        database.queue().asSuperuser("""
                CREATE FUNCTION public.tell() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN NOTIFY effect; RETURN NULL; END $$""", """
                CREATE TRIGGER tell AFTER INSERT ON public.effect FOR EACH ROW EXECUTE FUNCTION public.tell()""");
        var workers = Workers.start(database, NAMES, database.address());
        database.resume();
        var client = new ListeningClient(database);
        var effects = new Listener(database.as(BenchDatabase.ALICE), List.of("effect"));
        return new Trial() {
            @Override
            public List<Contender> contenders() {
                return List.of(
                        () -> round(database, effects, "NOTIFY " + ListeningClient.CHANNEL, CLIENT_50, CLIENT_95),
                        () -> round(
                                database,
                                effects,
                                "CALL worker_pool.submit('%s', '%s')".formatted(NAMES.getFirst(), BenchDatabase.INSERT),
                                WORKER_50,
                                WORKER_95));
            }

            @Override
            public void close() throws Exception {
                effects.close();
                client.close();
                workers.close();
                database.close();
            }
        };
    }

    private List<Figure> round(BenchDatabase database, Listener effects, String submit, Series p50, Series p95)
            throws SQLException {
        var times = new ArrayList<Double>();
        try (var submitter = database.as(BenchDatabase.ALICE)) {
            for (int i = 0; i < submits; i++) {
                effects.await(REST);
                QueueDatabase.execute(submitter, submit);
                long committedAt = System.nanoTime();
                if (effects.await(PATIENCE) == 0) {
                    throw new IllegalStateException("no effect of: " + submit);
                }
                times.add((System.nanoTime() - committedAt) / 1e6);
            }
        }
        return List.of(new Figure(p50, Quantile.of(times, 50)), new Figure(p95, Quantile.of(times, 95)));
    }
}
