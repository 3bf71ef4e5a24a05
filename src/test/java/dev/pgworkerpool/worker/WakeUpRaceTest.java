package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;

/**
 * Submits that are aimed at the instant in which a worker ends, when a job can fall between "somebody is awake" and "nothing
 * waits". The only thing that starts workers here is NOTIFY: no sweep comes to the rescue.
 */
@ParameterizedClass(autoCloseArguments = false)
@MethodSource("dev.pgworkerpool.postgres.PostgresServers#all")
class WakeUpRaceTest {
    private static final int SUBMITS = Integer.getInteger("wakeUpRace.submits", 1_000);
    private static final int SUBMITTERS = 8;

    /** From the end of the first job to the worker's last look at the queue it takes about that long on a quiet machine. */
    private static final long FIRST_AIM_NANOS = 2_000_000;

    private static final double STEP = 1.25;

    private final PostgresServer server;
    private final Map<String, Integer> notifications = new ConcurrentHashMap<>();

    WakeUpRaceTest(PostgresServer server) {
        this.server = server;
    }

    @Test
    void a_submit_at_the_moment_of_the_workers_exit_is_never_left_behind(@TempDir Path folder) throws Exception {
        try (var database = QueueDatabase.on(server);
                var workers = new TestWorkers(database, folder);
                var threads = Executors.newCachedThreadPool()) {
            var waker = new Waker(database, workers);
            var listening = threads.submit(waker::listen);
            waker.listens.await();
            var submitters = new ArrayList<Future<?>>();
            for (int i = 0; i < SUBMITTERS; i++) {
                var submitter = i;
                submitters.add(threads.submit(() -> submitPairs(database, submitter)));
            }
            try {
                for (var submitter : submitters) {
                    submitter.get();
                }
                await().atMost(Duration.ofSeconds(60)).until(waker::isQuiet);
            } finally {
                waker.stop = true;
            }
            listening.get();

            var notified =
                    notifications.values().stream().mapToInt(Integer::intValue).sum();
            assertThat(database.look("SELECT count(*) FROM worker_pool.jobs WHERE status <> 'done'"))
                    .as("left behind of %d submits, of which %d notified", SUBMITS, notified)
                    .containsExactly("0");
            assertThat(notified)
                    .as("of the second submits, some met a worker that was awake and some did not")
                    .isBetween(SUBMITS / 2 + SUBMITS / 100, SUBMITS - SUBMITS / 100);
        }
    }

    /** Each that met a worker that was awake aims a little later the next time, each that met none a little earlier. */
    private Void submitPairs(QueueDatabase database, int submitter) throws SQLException {
        try (var connection = database.as("alice");
                var statement = connection.createStatement();
                var submit = connection.prepareStatement("CALL worker_pool.submit(?, ?)")) {
            var ran = "ran_" + submitter;
            statement.execute("LISTEN " + ran);
            submit.setString(2, "NOTIFY " + ran);
            double aim = FIRST_AIM_NANOS;
            for (int pair = 0; pair < SUBMITS / 2 / SUBMITTERS; pair++) {
                var name = "pair " + submitter + "/" + pair;
                submit.setString(1, name);
                submit.execute();
                awaitNotification(connection.unwrap(PGConnection.class));
                LockSupport.parkNanos((long) (aim * ThreadLocalRandom.current().nextDouble(1 / STEP, STEP)));
                submit.execute();
                awaitNotification(connection.unwrap(PGConnection.class));
                // Who ran it was started by the notification, if there was one.
                aim = notifications.getOrDefault(name, 0) == 1 ? aim * STEP : aim / STEP;
            }
        }
        return null;
    }

    private static void awaitNotification(PGConnection connection) throws SQLException {
        assertThat(connection.getNotifications(10_000))
                .as("the job was not left behind")
                .isNotEmpty();
    }

    /** Starts workers as the operator does: one a name at a time, again after its end if it was notified meanwhile. */
    private final class Waker {
        private final QueueDatabase database;
        private final TestWorkers workers;
        private final Map<String, Boolean> running = new ConcurrentHashMap<>();
        private final CountDownLatch listens = new CountDownLatch(1);
        volatile boolean stop;

        Waker(QueueDatabase database, TestWorkers workers) {
            this.database = database;
            this.workers = workers;
        }

        Void listen() throws SQLException {
            try (var connection = database.as(QueueDatabase.OPERATOR);
                    var statement = connection.createStatement();
                    var pool = Executors.newVirtualThreadPerTaskExecutor()) {
                statement.execute("LISTEN worker_pool");
                listens.countDown();
                while (!stop) {
                    for (var notification :
                            connection.unwrap(PGConnection.class).getNotifications(100)) {
                        var name = notification.getParameter();
                        notifications.merge(name, 1, Integer::sum);
                        if (!running.merge(name, false, (again, now) -> true)) {
                            pool.submit(() -> turns(name));
                        }
                    }
                }
            }
            return null;
        }

        private void turns(String name) {
            do {
                running.put(name, false);
                workers.run(name);
            } while (!running.remove(name, false));
        }

        boolean isQuiet() {
            return running.isEmpty();
        }
    }
}
