package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.PostgresServers;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How long a worker waits for the queue's own statements. Takes these times, so on one server only. */
class WorkerWaitsTest {
    private QueueDatabase database;
    private TestWorkers workers;

    @BeforeEach
    void create(@TempDir Path folder) throws SQLException {
        database =
                QueueDatabase.on(PostgresServers.all().findFirst().orElseThrow().getPayload());
        workers = new TestWorkers(database, folder);
    }

    @AfterEach
    void drop() throws SQLException {
        workers.close();
        database.close();
    }

    /** The lock stands for a network that loses its request. */
    @Test
    void it_ends_when_its_control_session_gets_no_answer() throws Exception {
        var job = database.submit("alice", "foo", "SELECT 1");
        var worker = workers.start("foo", Map.of("PGWP_IDLE_TIMEOUT", "600000"));
        await().until(() -> status(job).equals(List.of("done")));
        try (var blocker = database.asSuperuser()) {
            blocker.setAutoCommit(false);
            QueueDatabase.execute(blocker, "LOCK TABLE worker_pool.launch_request");
            assertThat(worker.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(worker.exitValue()).isEqualTo(Outcome.DATABASE_GONE.exitCode());
    }

    @Test
    void a_job_that_an_earlier_session_still_runs_is_waited_for_until_the_worker_is_stopped() throws Exception {
        var job = database.submit("alice", "foo", "SELECT 1");
        database.look("SELECT worker_pool.worker_up('foo', 'an-earlier-pod')");
        database.look("SELECT worker_pool.begin_job('foo', %d)".formatted(job));
        try (var earlier = database.asSuperuser()) {
            earlier.setAutoCommit(false);
            QueueDatabase.execute(earlier, "SELECT FROM worker_pool.queued_job FOR UPDATE");
            var worker = workers.start("foo", Map.of());
            assertThat(worker.waitFor(3, TimeUnit.SECONDS)).isFalse();
            worker.destroy();
            assertThat(worker.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(worker.exitValue()).isZero();
            assertThat(status(job)).containsExactly("waiting");
        }
        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);
        assertThat(status(job)).containsExactly("done");
    }

    /** Everybody may notify. */
    @Test
    void nobody_keeps_an_idle_worker_up_by_waking_it_for_nothing() throws Exception {
        var worker = workers.start("foo", Map.of("PGWP_IDLE_TIMEOUT", "2000"));
        try (var stranger = database.as("mallory")) {
            await().atMost(15, TimeUnit.SECONDS)
                    .pollInterval(50, TimeUnit.MILLISECONDS)
                    .until(() -> {
                        QueueDatabase.execute(stranger, "NOTIFY worker_pool, 'foo'");
                        return !worker.isAlive();
                    });
        }
        assertThat(worker.exitValue()).isZero();
    }

    /** Also if that comes shortly before it would have ended. */
    @Test
    void an_idle_worker_that_is_launched_again_waits_as_long_as_a_new_one() throws Exception {
        var worker = workers.start("foo", Map.of("PGWP_IDLE_TIMEOUT", "4000"));
        await().until(() -> !database.look("SELECT 1 FROM worker_pool.worker WHERE pod IS NOT NULL")
                .isEmpty());
        TimeUnit.MILLISECONDS.sleep(2500);
        database.execute("alice", "CALL worker_pool.launch('foo')");
        assertThat(worker.waitFor(3, TimeUnit.SECONDS)).isFalse();
        assertThat(worker.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(worker.exitValue()).isZero();
    }

    /** Where its last job was in the queue, is of so long ago that it means nothing. */
    @Test
    void a_worker_that_waited_runs_a_job_that_committed_late_before_a_later_one() throws Exception {
        var worker = workers.start("foo", Map.of("PGWP_IDLE_TIMEOUT", "600000"));
        try (var late = database.as("alice")) {
            late.setAutoCommit(false);
            QueueDatabase.execute(late, "CALL worker_pool.submit('foo', 'SELECT 1')");
            var first = database.submit("alice", "foo", "SELECT 2");
            await().until(() -> status(first).equals(List.of("done")) && isAsleep());
            QueueDatabase.execute(late, "CALL worker_pool.submit('foo', 'SELECT 3')");
            late.commit();
        }
        await().until(() -> database.look("SELECT 1 FROM worker_pool.jobs WHERE status <> 'done'")
                .isEmpty());
        worker.destroy();
        assertThat(database.look("SELECT query_text FROM worker_pool.jobs ORDER BY finished_at"))
                .containsExactly("SELECT 2", "SELECT 1", "SELECT 3");
    }

    /** It has given up its lock, so it has come to the end of the queue. */
    private boolean isAsleep() throws SQLException {
        return database.look("SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                        + " WHERE d.datname = current_database() AND locktype = 'advisory' AND objsubid = 1"
                        + " AND ((classid::bigint << 32) | objid::bigint) = worker_pool.awake_key('foo')")
                .isEmpty();
    }

    private List<String> status(long job) throws SQLException {
        return database.look("SELECT status FROM worker_pool.jobs WHERE id = " + job);
    }
}
