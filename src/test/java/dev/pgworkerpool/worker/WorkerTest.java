package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** How a worker starts, shares the name with others, lingers and ends. */
@ParameterizedClass(autoCloseArguments = false)
@MethodSource("dev.pgworkerpool.postgres.PostgresServers#all")
class WorkerTest {
    private final PostgresServer server;
    private QueueDatabase database;
    private TestWorkers workers;

    WorkerTest(PostgresServer server) {
        this.server = server;
    }

    @BeforeEach
    void create(@TempDir Path folder) throws SQLException {
        database = QueueDatabase.on(server);
        workers = new TestWorkers(database, folder);
        database.execute(
                "alice",
                "CREATE TABLE public.effect (id bigint GENERATED ALWAYS AS IDENTITY, v int)",
                "GRANT SELECT ON public.effect TO PUBLIC");
    }

    @AfterEach
    void drop() throws SQLException {
        workers.close();
        database.close();
    }

    @Test
    void a_second_worker_of_an_awake_name_ends_at_once() throws Exception {
        try (var blocker = database.asSuperuser()) {
            QueueDatabase.execute(blocker, "SELECT pg_advisory_lock(4711)");
            var job = database.submit("alice", "foo", "SELECT pg_advisory_xact_lock(4711)");
            var first = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            awaitStatus(job, "pending");

            assertThat(workers.run("foo")).isEqualTo(Outcome.LOCK_HELD);
            QueueDatabase.execute(blocker, "SELECT pg_advisory_unlock(4711)");
            assertThat(first.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
        }
    }

    @Test
    void somebody_who_plays_with_the_liveness_key_does_not_stop_the_name() throws Exception {
        for (var lock : List.of("pg_advisory_lock", "pg_advisory_lock_shared")) {
            try (var mallory = database.as("mallory")) {
                QueueDatabase.execute(mallory, "SELECT " + lock + "(worker_pool.awake_key('foo'))");
                var job = database.submit("alice", "foo", "SELECT 1");
                assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
                awaitStatus(job, "done");
            }
        }
    }

    @Test
    void a_login_that_is_not_mounted_or_is_rejected_ends_the_worker_with_its_own_exit_code() throws Exception {
        var job = database.submit("alice", "foo", "SELECT 1");

        QueueDatabase.writeLogin(workers.credentials().resolve("logins/0"), "alice", "wrong");
        assertThat(workers.run("foo")).isEqualTo(Outcome.CREDENTIALS);
        Files.delete(workers.credentials().resolve("logins/0/username"));
        assertThat(workers.run("foo")).isEqualTo(Outcome.CREDENTIALS);
        QueueDatabase.writeLogin(workers.credentials().resolve("operator"), QueueDatabase.OPERATOR, "wrong");
        assertThat(workers.run("foo")).isEqualTo(Outcome.CREDENTIALS);
        awaitStatus(job, "waiting");

        QueueDatabase.writeCredentials(workers.credentials(), "alice", "wp$bob");
        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
        awaitStatus(job, "done");
    }

    @Test
    void a_login_that_was_added_since_the_pod_started_is_left_to_the_next_pod() throws Exception {
        Files.delete(workers.credentials().resolve("logins/1/username"));
        var first = database.submit("alice", "foo", "SELECT 1");
        var second = database.submit("bob", "foo", "SELECT 1");
        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
        awaitStatus(first, "done");
        awaitStatus(second, "waiting");

        assertThat(workers.run("foo")).isEqualTo(Outcome.CREDENTIALS);
        QueueDatabase.writeCredentials(workers.credentials(), "alice", "wp$bob");
        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
        awaitStatus(second, "done");
    }

    @Test
    void a_companion_that_does_not_act_as_its_submitter_runs_nothing() throws Exception {
        database.list(List.of("alice", "bob"), List.of("alice", "bob"));
        QueueDatabase.writeCredentials(workers.credentials(), "alice", "bob");
        var job = database.submit("bob", "foo", "SELECT 1");
        database.asSuperuser(
                "ALTER ROLE bob IN DATABASE " + database.name() + " SET role = 'mallory'", "GRANT mallory TO bob");
        try {
            assertThat(workers.run("foo")).isEqualTo(Outcome.CREDENTIALS);
            awaitStatus(job, "waiting");
        } finally {
            database.asSuperuser(
                    "ALTER ROLE bob IN DATABASE " + database.name() + " RESET role", "REVOKE mallory FROM bob");
        }
    }

    @Test
    void a_lingering_worker_runs_what_comes_meanwhile_and_ends_when_nothing_does() throws Exception {
        var turn = CompletableFuture.supplyAsync(
                () -> workers.worker("foo", Duration.ofSeconds(3)).run());
        await().until(() -> !database.look("SELECT 1 FROM worker_pool.worker WHERE pod IS NOT NULL")
                .isEmpty());

        var job = database.submit("alice", "foo", "SELECT 1");
        awaitStatus(job, "done");
        assertThat(turn).isNotDone();
        assertThat(turn.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
    }

    @Test
    void a_lingering_process_ends_at_once_when_it_is_asked_to() throws Exception {
        var worker = workers.start("foo", Map.of("PGWP_IDLE_TIMEOUT", "600000"));
        await().until(() -> !database.look("SELECT 1 FROM worker_pool.worker WHERE pod IS NOT NULL")
                .isEmpty());
        worker.destroy();
        assertThat(worker.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(worker.exitValue()).isZero();
    }

    @Test
    void a_launched_worker_takes_its_launch_request_over() throws Exception {
        database.execute("alice", "CALL worker_pool.launch('foo')");
        assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                .containsExactly("foo");
        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
        assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                .isEmpty();
    }

    @Test
    void an_awake_worker_begins_no_job_of_a_pool_that_is_suspended_meanwhile() throws Exception {
        database.look("SELECT worker_pool.acquire('uid', 'ns/pool', false)");
        try (var blocker = database.asSuperuser()) {
            QueueDatabase.execute(blocker, "SELECT pg_advisory_lock(4711)");
            var running = database.submit("alice", "foo", "SELECT pg_advisory_xact_lock(4711)");
            var next = database.submit("alice", "foo", "SELECT 1");
            var turn = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            awaitStatus(running, "pending");
            database.look("SELECT worker_pool.acquire('uid', 'ns/pool', true)");
            QueueDatabase.execute(blocker, "SELECT pg_advisory_unlock(4711)");

            assertThat(turn.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
            awaitStatus(running, "done");
            awaitStatus(next, "waiting");
        }
        database.look("SELECT worker_pool.acquire('uid', 'ns/pool', false)");
        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
        assertThat(database.look("SELECT worker_name FROM worker_pool.queue")).isEmpty();
    }

    /** By what Linux tells of them: the answer to a statement may be due in hours, and the server may be gone without a word. */
    @Test
    void its_connections_ask_whether_the_server_is_still_there() throws Exception {
        var job = database.submit("alice", "foo", "SELECT 1");
        var worker = workers.start("foo", Map.of("PGWP_IDLE_TIMEOUT", "600000"));
        awaitStatus(job, "done");
        await().untilAsserted(
                        () -> assertThat(timersOfConnections(worker)).hasSize(2).containsOnly("02"));
    }

    /** In {@code /proc/net/tcp}, field 3 is the state (01 is established), 5 the timer (02 is keepalive), 9 the inode. */
    private static List<String> timersOfConnections(Process process) throws IOException {
        Set<String> inodes = new HashSet<>();
        try (var files = Files.newDirectoryStream(Path.of("/proc", Long.toString(process.pid()), "fd"))) {
            for (Path file : files) {
                inodes.add(Files.readSymbolicLink(file).toString().replaceAll("socket:\\[(\\d+)]", "$1"));
            }
        }
        return Stream.concat(
                        Files.readAllLines(Path.of("/proc/net/tcp")).stream(),
                        Files.readAllLines(Path.of("/proc/net/tcp6")).stream())
                .map(line -> line.strip().split("\\s+"))
                .filter(fields -> fields[3].equals("01") && inodes.contains(fields[9]))
                .map(fields -> fields[5].split(":")[0])
                .toList();
    }

    @Test
    void a_job_may_raise_any_number_of_notices() throws Exception {
        var job = database.submit("alice", "foo", """
                DO $$ BEGIN
                    FOR i IN 1..300000 LOOP RAISE NOTICE 'row % of a migration that likes to talk', i; END LOOP;
                END $$""");
        var worker = workers.start("foo", Map.of());
        assertThat(worker.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(worker.exitValue()).isZero();
        awaitStatus(job, "done");
    }

    @Test
    void a_session_runs_no_job_of_the_role_that_its_login_was_given_to_meanwhile() throws Exception {
        try (var session = database.as("wp$bob")) {
            database.asSuperuser("GRANT alice TO \"wp$bob\"", "REVOKE bob FROM \"wp$bob\"");
            database.list(List.of("alice", "bob"), List.of("wp$bob", "bob"));
            var job = database.submit("alice", "foo", "INSERT INTO effect (v) VALUES (1)");
            QueueDatabase.execute(session, "CALL worker_pool.drain('foo', 50, 100, NULL, 0, NULL, NULL, NULL, NULL)");
            awaitStatus(job, "waiting");
        } finally {
            database.asSuperuser("GRANT bob TO \"wp$bob\"", "REVOKE alice FROM \"wp$bob\"");
        }
    }

    @Test
    void a_submitter_that_holds_its_own_job_keeps_the_operator_from_nothing() throws Exception {
        var job = database.submit("alice", "foo", "SELECT 1");
        database.look("SELECT worker_name FROM worker_pool.demand()");
        try (var alice = database.as("alice");
                var operator = database.as(QueueDatabase.OPERATOR)) {
            assertThat(QueueDatabase.ask(operator, "SELECT worker_pool.begin_job('foo', " + job + ")"))
                    .containsExactly("t");
            alice.setAutoCommit(false);
            QueueDatabase.ask(alice, "SELECT id FROM worker_pool.claim('foo', 0, NULL)");
            var next = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            await().until(() -> !QueueDatabase.ask(operator, """
                    SELECT pid FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'worker_pool pod-foo' AND wait_event_type = 'Lock'""").isEmpty());

            QueueDatabase.execute(operator, "SET lock_timeout = '5s'");
            QueueDatabase.ask(operator, "SELECT worker_pool.turn_ended('foo', 1, 'killed')");
            alice.rollback();
            assertThat(next.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
        }
        awaitStatus(job, "done");
    }

    @Test
    void jobs_of_a_role_that_is_dropped_end_and_make_way() throws Exception {
        database.server().createLogin("dave", QueueDatabase.PASSWORD);
        try {
            database.list(List.of("alice", "dave"), List.of("alice", "dave"));
            var orphan = database.submit("dave", "foo", "SELECT 1");
            database.ask("dave", "SELECT worker_pool.enqueue('bar', 'SELECT 1', on_failure => 'pause')");
            var behind = database.submit("alice", "foo", "SELECT 2");
            database.list(List.of("alice"), List.of("alice"));
            database.asSuperuser("DROP OWNED BY dave", "DROP ROLE dave");

            database.look("SELECT worker_name FROM worker_pool.demand()");
            awaitStatus(orphan, "failed");
            assertThat(database.look("SELECT worker_name FROM worker_pool.paused"))
                    .containsExactly("bar");
            assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
            awaitStatus(behind, "done");
        } finally {
            database.asSuperuser("DROP ROLE IF EXISTS dave");
        }
    }

    /** The row lock alone keeps drainers apart: here nobody holds a liveness lock, and sessions are killed at random. */
    @Test
    void four_drainers_of_one_name_without_any_lock_run_each_job_once_and_in_order() throws Exception {
        var jobs = 2_000;
        database.execute("alice", """
                INSERT INTO worker_pool.jobs (worker_name, query_text)
                SELECT 'foo', format('INSERT INTO effect (v) VALUES (%%s)%%s', i, CASE WHEN i %% 10 = 0 THEN '; SELECT 1/0' END)
                FROM generate_series(1, %d) AS i""".formatted(jobs));
        var ended = new AtomicBoolean();
        try (var threads = Executors.newCachedThreadPool()) {
            var drainers = new ArrayList<Future<?>>();
            for (int i = 0; i < 4; i++) {
                drainers.add(threads.submit(this::drainDespiteKills));
            }
            threads.submit(() -> killSessionsUntil(ended));
            for (var drainer : drainers) {
                drainer.get();
            }
            ended.set(true);
        }
        assertThat(database.look("SELECT status || ' ' || count(*) FROM worker_pool.jobs GROUP BY status ORDER BY 1"))
                .containsExactly("done " + jobs * 9 / 10, "failed " + jobs / 10);
        assertThat(database.look("SELECT count(*) || ' ' || count(DISTINCT v) FROM public.effect"))
                .containsExactly(jobs * 9 / 10 + " " + jobs * 9 / 10);
        assertThat(database.look("""
                SELECT v FROM (SELECT v, lag(v) OVER (ORDER BY id) AS before FROM public.effect) e WHERE v < before""")).isEmpty();
    }

    private Void drainDespiteKills() throws SQLException {
        while (!database.look("SELECT id FROM worker_pool.head('foo') WHERE id IS NOT NULL")
                .isEmpty()) {
            try (var session = database.as("alice")) {
                for (var left = List.of("t"); left.getFirst().equals("t"); ) {
                    QueueDatabase.execute(
                            session, "CALL worker_pool.drain('foo', 50, 100, NULL, 0, NULL, NULL, NULL, NULL)");
                    left = QueueDatabase.ask(
                            session, "SELECT count(*) > 0 FROM worker_pool.jobs WHERE status = 'waiting'");
                }
            } catch (SQLException killed) {
                assertThat(killed.getSQLState()).startsWith("57P");
            }
        }
        return null;
    }

    private Void killSessionsUntil(AtomicBoolean ended) throws Exception {
        try (var superuser = database.asSuperuser()) {
            while (!ended.get()) {
                QueueDatabase.execute(
                        superuser, """
                        SELECT pg_sleep(%f), pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE usename = 'alice' AND datname = current_database() AND random() < 0.3
                        """.formatted(ThreadLocalRandom.current().nextDouble(0.01)));
            }
        }
        return null;
    }

    private void awaitStatus(long job, String status) {
        await().until(() -> database.look("SELECT status FROM worker_pool.jobs WHERE id = " + job)
                .equals(List.of(status)));
    }
}
