package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.OnEachServer;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything at once on each server: many sessions of two roles, rollbacks, failing jobs, and workers as processes of their
 * own that are killed. The test is the operator: it starts a worker for each name that wants one.
 */
class TortureTest extends OnEachServer {
    private static final int NAMES = 4;
    private static final int SESSIONS = 8;
    private static final int JOBS = Integer.getInteger("torture.jobs", 1_000) / SESSIONS / 10 * SESSIONS * 10;
    private static final int KILLS = Integer.getInteger("torture.kills", 10);
    private static final int ROLLED_BACK = -1;

    private final Random random = new Random(1);
    private final Map<String, Process> workers = new HashMap<>();
    private int killed;

    @Test
    void each_jobs_effect_stays_exactly_once_and_in_the_order_of_its_name(@TempDir Path folder) throws Exception {
        database.asSuperuser(
                "CREATE TABLE public.effect (id int GENERATED ALWAYS AS IDENTITY, worker text, session int, n int)",
                "GRANT ALL ON public.effect TO PUBLIC");
        try (var threads = Executors.newFixedThreadPool(SESSIONS);
                var processes = new TestWorkers(database, folder)) {
            var sessions = new ArrayList<Future<?>>();
            for (int i = 0; i < SESSIONS; i++) {
                var session = i;
                sessions.add(threads.submit(() -> submitAll(session)));
            }
            await().atMost(Duration.ofMinutes(5))
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> {
                        startAndKill(processes);
                        return number("SELECT count(*) FROM worker_pool.jobs WHERE status IN ('done', 'failed')")
                                == JOBS;
                    });
            for (var session : sessions) {
                session.get();
            }
        }

        // How many depends on how fast they are.
        assertThat(killed).as("workers that were killed").isPositive();
        assertThat(database.look("""
                SELECT concat_ws(' ', status, count(*), bool_and((status = 'failed') = (query_text LIKE '%1/0')))
                FROM worker_pool.jobs GROUP BY status ORDER BY status""")).containsExactly("done " + JOBS * 9 / 10 + " t", "failed " + JOBS / 10 + " t");
        assertThat(database.look("SELECT concat_ws(' ', count(*), count(DISTINCT (session, n)), min(n)) FROM effect"))
                .as("as many effects as jobs that are done, none of them twice, none of what was rolled back")
                .containsExactly(JOBS * 9 / 10 + " " + JOBS * 9 / 10 + " 0");
        assertThat(database.look("""
                SELECT concat_ws(' ', worker, session, n) FROM (
                    SELECT *, lag(n) OVER (PARTITION BY worker, session ORDER BY id) AS before FROM public.effect
                ) e WHERE n < before""")).as("effects out of order").isEmpty();
    }

    /** Each session submits its share, to names at random: what one session submits to a name has an order for certain. */
    private static Void submitAll(int session) throws SQLException {
        var random = new Random(session);
        try (var connection = database.as(session % 3 == 0 ? "bob" : "alice")) {
            connection.setAutoCommit(false);
            for (int n = 0; n < JOBS / SESSIONS; n++) {
                var name = "name " + random.nextInt(NAMES);
                if (random.nextInt(10) == 0) {
                    submit(connection, name, session, ROLLED_BACK, "");
                    connection.rollback();
                }
                submit(connection, name, session, n, n % 10 == 9 ? "; SELECT 1/0" : "");
                connection.commit();
            }
        }
        return null;
    }

    private static void submit(Connection connection, String name, int session, int n, String end) throws SQLException {
        ask(
                connection,
                "SELECT worker_pool.enqueue(?, ?)",
                name,
                "INSERT INTO public.effect (worker, session, n) VALUES ('%s', %d, %d)%s"
                        .formatted(name, session, n, end));
    }

    /** Kills a worker each time a further share of the jobs has ended, whatever it is doing. */
    private void startAndKill(TestWorkers processes) throws SQLException, IOException {
        for (var name : database.look("SELECT worker_name FROM worker_pool.demand()")) {
            var worker = workers.get(name);
            if (worker == null || !worker.isAlive()) {
                workers.put(name, processes.start(name, Map.of()));
            }
        }
        var alive = workers.values().stream().filter(Process::isAlive).toList();
        var ended = number("SELECT count(*) FROM worker_pool.jobs WHERE status IN ('done', 'failed')");
        if (killed < KILLS && ended >= JOBS / (KILLS + 1) * (killed + 1) && !alive.isEmpty()) {
            alive.get(random.nextInt(alive.size())).destroyForcibly();
            killed++;
        }
    }

    private static int number(String query) throws SQLException {
        return Integer.parseInt(database.look(query).getFirst());
    }
}
