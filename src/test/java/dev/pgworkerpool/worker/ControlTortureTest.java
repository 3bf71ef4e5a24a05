package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.OnEachServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Job control at random while everything else goes on: jobs that fail and are tried again, or are due later, cancels, retries, pauses, and workers
 * whose process or session is killed. The test is the operator: it starts a worker for each name that wants one, that of one name as
 * a process of its own.
 */
class ControlTortureTest extends OnEachServer {
    private static final int NAMES = 4;
    private static final int SESSIONS = 4;
    private static final int JOBS = Integer.getInteger("torture.jobs", 400) / SESSIONS * SESSIONS;
    private static final int KILLS = Integer.getInteger("torture.kills", 6);

    /** Of the table, not of the view: this is asked without end, and the view looks who runs. */
    private static final String ENDED =
            "SELECT count(*) FROM worker_pool.queued_job WHERE status IN ('done', 'failed', 'cancelled')";

    /** So many jobs for each call of control. */
    private static final int JOBS_A_CALL = 8;

    /** The job's own id is in application_name. Of another one of the name that runs meanwhile the lock tells. */
    private static final String EFFECT = """
            SET LOCAL lock_timeout = '2s';
            SELECT pg_advisory_xact_lock(hashtext('torture'), hashtext('%1$s'));
            INSERT INTO public.effect (worker, job, began)
            VALUES ('%1$s', substring(current_setting('application_name') from '\\d+$')::bigint, clock_timestamp());
            %2$s;
            UPDATE public.effect SET ended = clock_timestamp()
            WHERE job = substring(current_setting('application_name') from '\\d+$')::bigint""";

    private final Random random = new Random(1);
    private final Map<String, Future<?>> workers = new HashMap<>();
    private @Nullable Process process;
    private final Set<Long> cancelled = new HashSet<>();
    private final Set<Long> retried = new HashSet<>();
    private final List<Object> oneTransaction =
            Stream.generate(Object::new).limit(NAMES).toList();
    private int calls;
    private int cancels;
    private int retries;
    private int pauses;
    private int killed;

    @BeforeEach
    void createTables() throws SQLException {
        database.asSuperuser(
                "CREATE TABLE public.effect (id int GENERATED ALWAYS AS IDENTITY, worker text, job bigint,"
                        + " began timestamptz, ended timestamptz)",
                "CREATE SEQUENCE public.tries",
                "GRANT ALL ON public.effect, public.tries TO PUBLIC");
    }

    @Test
    void each_job_is_done_with_its_effect_or_ended_without_and_in_order_whatever_is_done_to_it(@TempDir Path folder)
            throws Exception {
        try (var threads = Executors.newCachedThreadPool();
                var processes = new TestWorkers(database, folder)) {
            var sessions = new ArrayList<Future<?>>();
            for (int i = 0; i < SESSIONS; i++) {
                var session = i;
                sessions.add(threads.submit(() -> submitAll(session)));
            }
            await().atMost(Duration.ofMinutes(20))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> {
                        startAndKill(processes, threads);
                        return control();
                    });
            for (var session : sessions) {
                session.get();
            }
        }
        tellNumbers();
        verify();
    }

    /** What one session submits to a name has an order for certain; transactions that overlap have none. */
    private Void submitAll(int session) throws SQLException {
        var dice = new Random(session);
        try (var connection = database.as(session % 2 == 0 ? "bob" : "alice")) {
            for (int n = 0; n < JOBS / SESSIONS; n++) {
                var name = dice.nextInt(NAMES);
                synchronized (oneTransaction.get(name)) {
                    submit(connection, "name " + name, n);
                }
            }
        }
        return null;
    }

    private static void submit(Connection connection, String name, int n) throws SQLException {
        var options = "";
        var middle = "SELECT 1";
        switch (n % 10) {
            case 1 -> middle = "SELECT pg_sleep(0.02)";
            case 3, 4 -> {
                middle = "SELECT 1 / (nextval('public.tries') % 2)";
                options = ", max_attempts => 6, retry_delay => '0 s'";
            }
            case 5 -> options = ", timeout => '1 min'";
            case 7 -> {
                middle = "SELECT 1/0";
                options = ", max_attempts => 2, retry_delay => '0 s'";
            }
            case 9 -> options = ", run_at => clock_timestamp() + interval '1 s' * random()";
            default -> {}
        }
        ask(connection, "SELECT worker_pool.enqueue(?, ?" + options + ")", name, EFFECT.formatted(name, middle));
    }

    /** One call of control, if it is time for one. Ends with all names resumed; true when all jobs have ended. */
    private boolean control() throws SQLException {
        var ended = number(ENDED);
        if (ended >= JOBS - JOBS / 20) {
            database.look("SELECT worker_name FROM worker_pool.paused").forEach(name -> pause("resume", name));
            return ended == JOBS;
        }
        while (ended >= calls * JOBS_A_CALL) {
            calls++;
            var name = "name " + random.nextInt(NAMES);
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3, 4 -> cancel(name);
                case 5, 6, 7 -> retry();
                case 8 -> {
                    pause("pause", name);
                    pauses++;
                }
                default -> pause("resume", name);
            }
        }
        if (database.look("SELECT worker_name FROM worker_pool.demand()").isEmpty()) {
            database.look("SELECT worker_name FROM worker_pool.paused").forEach(name -> pause("resume", name));
        }
        return false;
    }

    /** The one that runs, perhaps, or one of those behind it. */
    private void cancel(String name) throws SQLException {
        for (var id : database.look(
                "SELECT id FROM worker_pool.queued_job WHERE worker_name = '%s' AND status = 'waiting' ORDER BY id OFFSET %d LIMIT 1"
                        .formatted(name, random.nextInt(4)))) {
            if (database.look("SELECT worker_pool.cancel(" + id + ")").equals(List.of("t"))) {
                cancelled.add(Long.parseLong(id));
                cancels++;
            }
        }
    }

    private void retry() throws SQLException {
        for (var id : database.look(
                "SELECT id FROM worker_pool.queued_job WHERE status IN ('failed', 'cancelled') ORDER BY random() LIMIT 1")) {
            if (database.look("SELECT worker_pool.retry(" + id + ")").equals(List.of("t"))) {
                cancelled.remove(Long.parseLong(id));
                retried.add(Long.parseLong(id));
                retries++;
            }
        }
    }

    private static void pause(String call, String name) {
        try {
            database.execute(QueueDatabase.OPERATOR, "CALL worker_pool." + call + "('" + name + "')");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Kills a worker, or a session of one, each time a further share of the jobs has ended. */
    private void startAndKill(TestWorkers processes, ExecutorService threads) throws SQLException, IOException {
        database.look("SELECT worker_pool.admit_due()");
        for (var name : database.look("SELECT worker_name FROM worker_pool.demand()")) {
            var worker = workers.get(name);
            if (worker == null || worker.isDone()) {
                workers.put(name, start(name, processes, threads));
            }
        }
        if (killed < KILLS && number(ENDED) >= JOBS / (KILLS + 1) * (killed + 1)) {
            if (killed % 3 == 0 ? killProcess() : killSession()) {
                killed++;
            }
        }
    }

    private Future<?> start(String name, TestWorkers processes, ExecutorService threads) throws IOException {
        if (!name.equals("name 0")) {
            return threads.submit(() -> processes.run(name));
        }
        process = processes.start(name, Map.of());
        return process.onExit();
    }

    private boolean killProcess() {
        if (process == null || !process.isAlive()) {
            return false;
        }
        process.destroyForcibly();
        return true;
    }

    /** That of a job, or the one by which a worker looks at its queue. */
    private static boolean killSession() throws SQLException {
        try (var superuser = database.asSuperuser()) {
            return !ask(superuser, """
                            SELECT pg_terminate_backend(pid) FROM (
                                SELECT pid FROM pg_stat_activity
                                WHERE application_name LIKE 'worker_pool %' AND datname = current_database()
                                ORDER BY random() LIMIT 1
                            ) s""").isEmpty();
        }
    }

    private void tellNumbers() throws SQLException {
        Log.line("%d calls of control: %d cancels that took, %d retries, %d pauses; %d workers killed; %s"
                .formatted(
                        calls,
                        cancels,
                        retries,
                        pauses,
                        killed,
                        database.look("SELECT concat_ws(' ', status, count(*), 'attempts', sum(attempts))"
                                + " FROM worker_pool.jobs GROUP BY status ORDER BY status")));
    }

    private void verify() throws SQLException {
        assertThat(List.of(cancels, retries, pauses, killed))
                .as("cancels, retries, pauses, kills")
                .doesNotContain(0);
        assertThat(database.look("SELECT count(*) FROM worker_pool.jobs")).containsExactly(Integer.toString(JOBS));
        assertThat(database.look("""
                SELECT concat_ws(' ', j.id, j.status, count(e)) FROM worker_pool.jobs j LEFT JOIN public.effect e ON e.job = j.id
                GROUP BY j.id, j.status HAVING count(e) <> CASE j.status WHEN 'done' THEN 1 ELSE 0 END"""))
                .as("jobs whose effect is missing, or there twice, or there although they are not done")
                .isEmpty();
        assertThat(database.look("SELECT DISTINCT error FROM worker_pool.jobs WHERE status = 'failed'"))
                .as("why jobs failed")
                .containsExactly("division by zero");
        assertThat(database.look("SELECT id FROM worker_pool.jobs WHERE status = 'cancelled'"))
                .as("cancelled ones: those whose last call of control was a cancel that took")
                .containsExactlyInAnyOrderElementsOf(
                        cancelled.stream().map(String::valueOf).toList());
        assertThat(database.look("""
                SELECT worker || ' ' || job FROM (
                    SELECT worker, job, began, lag(ended) OVER (PARTITION BY worker ORDER BY id) AS end_before
                    FROM public.effect
                ) e WHERE began < end_before"""))
                .as("effects beside another one of their name")
                .isEmpty();
        assertThat(database.look("""
                SELECT worker || ' ' || job FROM (
                    SELECT worker, job, lag(job) OVER (PARTITION BY worker ORDER BY id) AS job_before
                    FROM public.effect
                    WHERE job IN (SELECT id FROM worker_pool.jobs WHERE run_at IS NULL) AND job <> ALL ('{%s}'::bigint[])
                ) e WHERE job < job_before""".formatted(String.join(
                        ",", retried.stream().map(String::valueOf).toList()))))
                .as("effects out of order, of jobs that were neither scheduled nor tried again")
                .isEmpty();
        assertThat(database.look("SELECT id FROM worker_pool.cancel_request"))
                .as("requests that were left")
                .isEmpty();
    }

    private static int number(String query) throws SQLException {
        return Integer.parseInt(database.look(query).getFirst());
    }
}
