package dev.pgworkerpool.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.SecretRef;
import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import dev.pgworkerpool.schedule.Demand;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The operator's calls and its listener, on the real thing. */
@ParameterizedClass(autoCloseArguments = false)
@MethodSource("dev.pgworkerpool.postgres.PostgresServers#all")
class JobQueueTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final List<RoleLogin> LOGINS =
            List.of(new RoleLogin("alice", "alice"), new RoleLogin("bob", "wp$bob"));

    private final Queue<String> heard = new ConcurrentLinkedQueue<>();
    private final PostgresServer server;
    private QueueDatabase database;
    private PoolDatabase pool;
    private JobQueue queue;

    JobQueueTest(PostgresServer server) {
        this.server = server;
    }

    @BeforeEach
    void open() throws SQLException {
        database = QueueDatabase.on(server);
        pool = PoolDatabase.open(
                settings(database.name(), QueueDatabase.OPERATOR, QueueDatabase.PASSWORD), notifications());
        queue = pool.queue();
        queue.setLogins(LOGINS);
        await().atMost(PATIENCE).until(() -> heard.contains("connected"));
        heard.clear();
    }

    @AfterEach
    void close() throws SQLException {
        pool.close();
        database.close();
    }

    @Test
    void a_queue_belongs_to_one_pool_until_that_gives_it_back() {
        assertThat(queue.acquire("uid-1", "books/library", false)).isEmpty();
        assertThat(queue.acquire("uid-1", "books/library", true)).isEmpty();
        assertThat(queue.acquire("uid-2", "films/library", false)).contains("books/library");
        queue.release("uid-2");
        assertThat(queue.acquire("uid-2", "films/library", false)).contains("books/library");
        queue.release("uid-1");
        assertThat(queue.acquire("uid-2", "films/library", false)).isEmpty();
    }

    @Test
    void logins_that_can_not_be_are_told_in_words() {
        assertThat(queue.setLogins(LOGINS)).isEmpty();
        assertThat(queue.setLogins(List.of(new RoleLogin("nobody", "alice"), new RoleLogin("bob", "alice"))))
                .containsExactlyInAnyOrder(
                        "role \"nobody\" does not exist", "login \"alice\" is not a member of role \"bob\"");
    }

    @Test
    void a_submit_becomes_demand_and_a_notification() throws SQLException {
        long id = database.submit("alice", "foo", "SELECT 1");
        assertThat(queue.demand()).singleElement().satisfies(demand -> {
            assertThat(demand.worker()).isEqualTo("foo");
            assertThat(demand.turn()).isEqualTo(1);
            assertThat(demand.headId()).isEqualTo(id);
            assertThat(demand.waitingSince())
                    .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
            assertThat(demand.heldFor()).isNull();
            assertThat(demand.hasLogin()).isTrue();
        });
        await().atMost(PATIENCE).until(() -> heard.contains("work for foo"));
        assertThat(queue.statistics().waitingJobs()).isEqualTo(1);
        assertThat(queue.statistics().oldestWaitingSince()).isNotNull();
    }

    @Test
    void a_turn_is_open_from_its_start_to_its_end() throws SQLException {
        database.submit("alice", "foo", "SELECT 1");
        queue.demand();
        queue.turnStarted("foo", 1, "job-1");
        assertThat(queue.openTurns()).containsExactly(new OpenTurn("foo", 1, "job-1"));
        database.execute(QueueDatabase.OPERATOR, "DELETE FROM worker_pool.jobs WHERE worker_name = 'foo'");
        database.submit("alice", "foo", "SELECT 2");
        assertThat(queue.turnEnded("foo", 1, null)).isEmpty();
        assertThat(queue.openTurns()).isEmpty();
        assertThat(queue.demand()).extracting(Demand::turn).containsExactly(2);
    }

    @Test
    void a_turn_that_ended_well_without_having_got_on_with_the_queue_holds_its_name_back_longer_each_time()
            throws SQLException {
        database.submit("alice", "foo", "SELECT 1");
        queue.demand();
        for (int turn = 1; turn <= 3; turn++) {
            queue.turnStarted("foo", turn, "job-" + turn);
            Duration held = queue.turnEnded("foo", turn, null).orElseThrow();
            assertThat(held).isGreaterThan(Duration.ofMillis(1000L * (1L << (turn - 1)) - 500));
        }
        assertThat(queue.demand())
                .singleElement()
                .satisfies(name -> assertThat(name.heldFor()).isPositive());
        assertThat(database.look("SELECT attempts FROM worker_pool.jobs")).containsExactly("0");
    }

    @Test
    void a_turn_that_ended_badly_holds_its_name_back() throws SQLException {
        database.submit("alice", "foo", "SELECT 1");
        queue.demand();
        queue.turnStarted("foo", 1, "job-1");
        assertThat(queue.turnEnded("foo", 1, "OOMKilled")).isPresent();
        assertThat(queue.demand())
                .singleElement()
                .satisfies(name -> assertThat(name.heldFor()).isPositive());
    }

    @Test
    void a_worker_job_is_queued_once_whatever_is_repeated() {
        var request = request("alice", List.of("SELECT 1", "SELECT 2"));
        List<Long> ids = queue.enqueue(request);
        assertThat(ids).hasSize(2).isSorted();
        assertThat(queue.enqueue(request)).isEqualTo(ids);
        assertThat(queue.workerJob(request.uid()))
                .extracting(QueuedStatement::id, QueuedStatement::status)
                .containsExactly(tuple(ids.get(0), "waiting"), tuple(ids.get(1), "waiting"));
        assertThat(queue.cancelWorkerJob(request.uid())).isEqualTo(new Cancellation(2, 0));
        assertThat(queue.cancelWorkerJob(request.uid())).isEqualTo(new Cancellation(0, 0));
        assertThat(queue.workerJob(request.uid())).allMatch(QueuedStatement::cancelled);
    }

    @Test
    void ended_jobs_are_deleted_when_they_are_older_than_they_need_be() throws SQLException {
        long waits = database.submit("alice", "foo", "SELECT 1");
        ended("done", "2 h");
        ended("failed", "2 h");
        ended("cancelled", "4 h");
        ended("done", "30 min");
        assertThat(queue.prune(Duration.ofHours(1), Duration.ofHours(3), Set.of(), 100))
                .isEqualTo(2);
        assertThat(database.look("SELECT status FROM worker_pool.queued_job ORDER BY id"))
                .containsExactly("waiting", "failed", "done");
        assertThat(queue.prune(Duration.ZERO, Duration.ZERO, Set.of(), 1)).isEqualTo(1);
        assertThat(queue.prune(Duration.ZERO, Duration.ZERO, Set.of(), 100)).isEqualTo(1);
        assertThat(database.look("SELECT id FROM worker_pool.jobs")).containsExactly(Long.toString(waits));
    }

    @Test
    void the_rows_of_a_worker_job_stay_until_its_end_is_known() {
        var unended = request("alice", List.of("SELECT 1", "SELECT 2"));
        var ended = request("alice", List.of("SELECT 1"));
        queue.enqueue(unended);
        queue.enqueue(ended);
        queue.cancelWorkerJob(unended.uid());
        queue.cancelWorkerJob(ended.uid());
        assertThat(queue.prune(Duration.ZERO, Duration.ZERO, Set.of(unended.uid()), 100))
                .isEqualTo(1);
        assertThat(queue.workerJob(unended.uid())).hasSize(2);
        assertThat(queue.workerJob(ended.uid())).isEmpty();
    }

    private void ended(String status, String age) throws SQLException {
        long id = database.submit("alice", "foo", "SELECT 1");
        database.asSuperuser(
                "UPDATE worker_pool.queued_job SET status = '%s', finished_at = now() - interval '%s' WHERE id = %d"
                        .formatted(status, age, id));
    }

    @Test
    void a_worker_job_of_a_role_without_a_login_is_not_allowed() {
        assertThatExceptionOfType(DatabaseProblem.class)
                .isThrownBy(() -> queue.enqueue(request("mallory", List.of("SELECT 1"))))
                .withMessage("ERROR: role \"mallory\" has no login in this worker pool")
                .extracting(DatabaseProblem::kind)
                .isEqualTo(DatabaseProblem.Kind.NOT_ALLOWED);
    }

    @Test
    void the_listener_comes_back_and_says_that_it_may_have_missed_something() throws SQLException {
        database.asSuperuser(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = '"
                        + database.name() + "'");
        await().atMost(PATIENCE).until(() -> heard.contains("connected"));
        database.submit("alice", "bar", "SELECT 1");
        await().atMost(PATIENCE).until(() -> heard.contains("work for bar"));
    }

    @Test
    void a_wrong_password_is_told_from_a_database_that_is_not_there() {
        assertThat(problem(settings(database.name(), QueueDatabase.OPERATOR, "wrong")))
                .isEqualTo(DatabaseProblem.Kind.CREDENTIALS_REJECTED);
        assertThat(problem(settings("no_such_database", QueueDatabase.OPERATOR, QueueDatabase.PASSWORD)))
                .isEqualTo(DatabaseProblem.Kind.UNAVAILABLE);
    }

    @Test
    void a_role_that_may_not_create_the_schema_is_told_so() throws SQLException {
        PostgresServer server = database.server();
        String empty = "empty_" + UUID.randomUUID().toString().replace("-", "");
        server.createDatabase(empty, PostgresServer.SUPERUSER);
        assertThat(problem(settings(empty, QueueDatabase.OPERATOR, QueueDatabase.PASSWORD)))
                .isEqualTo(DatabaseProblem.Kind.SCHEMA_NOT_INSTALLED);
    }

    private DatabaseProblem.Kind problem(ConnectionSettings settings) {
        try (PoolDatabase other = PoolDatabase.open(settings, notifications())) {
            other.queue().demand();
        } catch (DatabaseProblem problem) {
            assertThat(problem.text()).doesNotContain(QueueDatabase.PASSWORD);
            return problem.kind();
        }
        throw new AssertionError("it worked");
    }

    private ConnectionSettings settings(String name, String user, String password) {
        var spec = new DatabaseSpec(database.server().host(), database.server().port(), name, new SecretRef("s"), null);
        return new ConnectionSettings(spec, user, password, null, "test");
    }

    private static WorkerJobRequest request(String role, List<String> statements) {
        return new WorkerJobRequest(
                UUID.randomUUID(),
                "workerjob/books/x",
                "foo",
                statements,
                role,
                new JobOptions(false, null, 1, Duration.ofSeconds(10), null, "cancel_batch"));
    }

    private QueueNotifications notifications() {
        return new QueueNotifications() {
            @Override
            public void workFor(String worker) {
                heard.add("work for " + worker);
            }

            @Override
            public void workerJobChanged(String uid) {
                heard.add("worker job " + uid);
            }

            @Override
            public void connected() {
                heard.add("connected");
            }
        };
    }
}
