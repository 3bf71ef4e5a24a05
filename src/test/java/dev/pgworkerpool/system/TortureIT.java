package dev.pgworkerpool.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Everything at once: many sessions, rollbacks, failing jobs, several submitters a name, and workers that are killed. */
class TortureIT {
    private static final int NAMES = 8;
    private static final int JOBS_PER_NAME = 500;
    private static final int SESSIONS = 16;
    private static final int ROLLBACK_PERCENT = 10;

    private static RunningSystem system;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    @Test
    void each_jobs_effect_stays_exactly_once_and_in_the_order_of_its_name() throws Exception {
        var killed = new AtomicInteger();
        try (var threads = Executors.newCachedThreadPool();
                var killer = Executors.newSingleThreadScheduledExecutor()) {
            killer.scheduleWithFixedDelay(() -> killAWorker(killed), 500, 700, TimeUnit.MILLISECONDS);
            var sessions = new ArrayList<Future<Integer>>();
            for (int i = 0; i < SESSIONS; i++) {
                var session = i;
                sessions.add(threads.submit(() -> submitAll(session)));
            }
            int submitted = 0;
            for (var session : sessions) {
                submitted += session.get();
            }
            assertThat(submitted).isEqualTo(NAMES * JOBS_PER_NAME);
            system.awaitAllEnded();
        }

        assertThat(killed.get()).as("workers that were killed").isGreaterThan(3);
        assertThat(system.database().look("""
                SELECT concat_ws(' ', status, count(*), bool_and((status = 'failed') = (query_text LIKE '%1/0')))
                FROM worker_pool.jobs GROUP BY status ORDER BY status"""))
                .containsExactly(
                        "done " + NAMES * JOBS_PER_NAME * 9 / 10 + " t", "failed " + NAMES * JOBS_PER_NAME / 10 + " t");
        assertThat(system.database().look("""
                SELECT j.id FROM worker_pool.jobs j LEFT JOIN public.effect e ON e.v = j.id
                GROUP BY j.id, j.status HAVING count(e) <> CASE j.status WHEN 'done' THEN 1 ELSE 0 END"""))
                .as("jobs whose effect is missing, or there twice, or there although they failed")
                .isEmpty();
        assertThat(system.database().look("""
                SELECT worker || ' ' || v FROM (
                    SELECT worker, v, lag(v) OVER (PARTITION BY worker ORDER BY id) AS before FROM public.effect
                ) e WHERE v < before""")).as("effects out of order").isEmpty();
    }

    /** Every session submits its share of every name; a job's effect says which job it is of. */
    private static int submitAll(int session) throws SQLException {
        var random = new Random(session);
        int submitted = 0;
        try (var connection = system.database().as(session % 3 == 0 ? "bob" : "alice")) {
            connection.setAutoCommit(false);
            for (int job = session; job < NAMES * JOBS_PER_NAME; job += SESSIONS) {
                while (random.nextInt(100) < ROLLBACK_PERCENT) {
                    submit(connection, job);
                    connection.rollback();
                }
                submit(connection, job);
                connection.commit();
                submitted++;
            }
        }
        return submitted;
    }

    private static void submit(Connection connection, int job) throws SQLException {
        var fails = job / SESSIONS % 10 == 9 ? "; SELECT 1/0" : "";
        QueueDatabase.ask(
                connection,
                "SELECT worker_pool.enqueue(?, ?)",
                "name " + job % NAMES,
                // the running job's own id, as application_name shows it
                "INSERT INTO public.effect (worker, v) VALUES ('name " + job % NAMES
                        + "', substring(current_setting('application_name') from '\\d+$')::bigint)" + fails);
    }

    private static void killAWorker(AtomicInteger killed) {
        var running = system.workerPods().stream()
                .filter(pod -> "Running".equals(pod.getStatus().getPhase()))
                .toList();
        if (!running.isEmpty()) {
            var pod = running.get(killed.get() % running.size());
            system.surroundings().kill(pod);
            killed.incrementAndGet();
        }
    }
}
