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

    private List<String> status(long job) throws SQLException {
        return database.look("SELECT status FROM worker_pool.jobs WHERE id = " + job);
    }
}
