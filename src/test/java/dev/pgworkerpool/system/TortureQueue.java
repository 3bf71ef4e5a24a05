package dev.pgworkerpool.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Jobs of several submitters for several names, queued by many sessions with rollbacks in between; every tenth of them fails. They
 * tell afterwards whether each took effect once and in the order of its name, and whether two of a name, or two attempts at
 * one, ran at once.
 */
final class TortureQueue {
    private static final int SESSIONS = 16;
    private static final int ROLLBACK_PERCENT = 10;

    private final QueueDatabase database;
    private final int names;
    private final int jobs;
    private final Duration length;
    /** For each name. */
    private final List<Object> oneTransaction;

    /** @param length of one job; those of a name come one after the other */
    TortureQueue(QueueDatabase database, int names, int jobsPerName, Duration length) throws SQLException {
        this.database = database;
        this.names = names;
        this.jobs = names * jobsPerName;
        this.length = length;
        this.oneTransaction = Stream.generate(Object::new).limit(names).toList();
        database.execute(
                "alice",
                "CREATE TABLE IF NOT EXISTS public.torture (id bigint GENERATED ALWAYS AS IDENTITY, worker text,"
                        + " job bigint, began timestamptz, ended timestamptz)",
                "GRANT ALL ON public.torture TO PUBLIC");
    }

    /** Returns when all jobs are queued. */
    void submit() throws Exception {
        try (var threads = Executors.newFixedThreadPool(SESSIONS)) {
            var sessions = new ArrayList<Future<?>>();
            for (int session : IntStream.range(0, SESSIONS).toArray()) {
                sessions.add(threads.submit(() -> submitAsSession(session)));
            }
            for (var session : sessions) {
                session.get();
            }
        }
    }

    private Void submitAsSession(int session) throws SQLException {
        var random = new Random(session);
        try (var connection = database.as(session % 3 == 0 ? "bob" : "alice")) {
            connection.setAutoCommit(false);
            for (int job = session; job < jobs; job += SESSIONS) {
                // Transactions that overlap have no order.
                synchronized (oneTransaction.get(job % names)) {
                    while (random.nextInt(100) < ROLLBACK_PERCENT) {
                        submit(connection, job);
                        connection.rollback();
                    }
                    submit(connection, job);
                    connection.commit();
                }
            }
        }
        return null;
    }

    private void submit(Connection connection, int job) throws SQLException {
        var name = name(job % names);
        QueueDatabase.ask(
                connection,
                "SELECT worker_pool.enqueue(?, ?)",
                name,
                // The job's own id is in application_name. An attempt that is still at work holds the lock; the end
                // of the one before may take a moment, on a busy machine more than that.
                """
                SET LOCAL lock_timeout = '400ms';
                SELECT pg_advisory_xact_lock(hashtext('torture'), hashtext('%1$s'));
                INSERT INTO public.torture (worker, job, began)
                VALUES ('%1$s', substring(current_setting('application_name') from '\\d+$')::bigint, clock_timestamp());
                SELECT pg_sleep(%2$s);
                UPDATE public.torture SET ended = clock_timestamp()
                WHERE job = substring(current_setting('application_name') from '\\d+$')::bigint%3$s""".formatted(name, length.toMillis() / 1000.0, job / SESSIONS % 10 == 9 ? "; SELECT 1/0" : ""));
    }

    private static String name(int number) {
        return "torture " + number;
    }

    /** Call when all have ended. Forgets them, so that the next may be queued. */
    void verify() throws SQLException {
        assertThat(database.look("""
                SELECT concat_ws(' ', status, count(*)) FROM worker_pool.jobs
                WHERE worker_name LIKE 'torture %' GROUP BY status ORDER BY status""")).containsExactly("done " + jobs * 9 / 10, "failed " + jobs / 10);
        assertThat(database.look("""
                SELECT error FROM worker_pool.jobs WHERE worker_name LIKE 'torture %' AND status = 'failed' GROUP BY error""")).containsExactly("division by zero");
        assertThat(database.look("""
                SELECT j.id FROM worker_pool.jobs j LEFT JOIN public.torture e ON e.job = j.id
                WHERE worker_name LIKE 'torture %'
                GROUP BY j.id, j.status HAVING count(e) <> CASE j.status WHEN 'done' THEN 1 ELSE 0 END"""))
                .as("jobs whose effect is missing, or there twice, or there although they failed")
                .isEmpty();
        assertThat(database.look("""
                SELECT worker || ' ' || job FROM (
                    SELECT worker, job, began,
                           lag(job) OVER name AS job_before, lag(ended) OVER name AS end_before
                    FROM public.torture
                    WINDOW name AS (PARTITION BY worker ORDER BY id)
                ) e WHERE job < job_before OR began < end_before"""))
                .as("effects out of order, or beside another one of their name")
                .isEmpty();
        database.execute("pool_operator", "DELETE FROM worker_pool.jobs WHERE worker_name LIKE 'torture %'");
        database.execute("alice", "DELETE FROM public.torture");
    }
}
