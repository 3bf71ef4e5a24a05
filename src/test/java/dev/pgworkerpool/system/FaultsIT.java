package dev.pgworkerpool.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.postgres.EmbeddedPostgres;
import dev.pgworkerpool.postgres.QueueDatabase;
import dev.pgworkerpool.schedule.WorkerPodFactory;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to the queue when something around it breaks: a condition says so, and everything ends as it should. */
class FaultsIT {
    private static final String BLOCKED =
            "SELECT pg_advisory_xact_lock(4711); INSERT INTO public.effect (worker) VALUES ('%s')";

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
    void a_Job_that_the_operator_created_before_it_died_is_found_and_its_name_goes_on() throws Exception {
        WorkerPool pool = system.pool(RunningSystem.POOL);
        system.killOperator();
        submit("orphan");
        // What an operator leaves that dies right after the creation: nothing of this Job is in the database.
        system.cluster()
                .client()
                .resource(new WorkerPodFactory("pg-worker-pool-operator").job(pool, "orphan", 1))
                .create();
        awaitEffects("orphan", 1);
        system.startOperator();

        submit("orphan");
        awaitEffects("orphan", 2);
        submit("orphan");
        awaitEffects("orphan", 3);
    }

    @Test
    void a_name_whose_turn_ended_while_no_operator_was_there_goes_on() throws Exception {
        try (var blocker = block()) {
            submit("alone", BLOCKED);
            awaitStatus("alone", "pending");
            system.killOperator();
            submit("alone");
        }
        awaitEffects("alone", 2);
        // The Job is gone, too, when the next operator looks for it.
        await().until(() -> podsOf("alone").stream().allMatch(phase -> phase.equals("Succeeded")));
        system.cluster()
                .client()
                .batch()
                .v1()
                .jobs()
                .inNamespace(RunningSystem.NAMESPACE)
                .delete();
        submit("alone");
        system.startOperator();
        awaitEffects("alone", 3);
    }

    @Test
    void a_crash_of_the_database_in_the_middle_of_a_drain_and_while_idle_loses_nothing() throws Exception {
        system.database().execute("alice", """
                INSERT INTO worker_pool.jobs (worker_name, query_text)
                SELECT 'crash', 'INSERT INTO public.effect (worker) VALUES (''crash'')' FROM generate_series(1, 3000)""");
        await().until(() -> effects("crash") > 0);
        system.postgres().restartImmediately();
        awaitEffects("crash", 3000);
        awaitNoneLeft();

        system.postgres().restartImmediately();
        submit("after crash");
        awaitEffects("after crash", 1);
    }

    @Test
    void a_lock_on_the_rows_of_one_name_holds_up_no_other() throws Exception {
        submit("locked");
        awaitEffects("locked", 1);
        try (var stranger = system.database().asSuperuser()) {
            stranger.setAutoCommit(false);
            QueueDatabase.execute(stranger, "SELECT FROM worker_pool.worker WHERE worker_name = 'locked' FOR UPDATE");
            submit("locked");
            for (int i = 0; i < 3; i++) {
                submit("not locked");
                awaitEffects("not locked", i + 1);
            }
            assertThat(system.ready(RunningSystem.POOL)).isEqualTo("True Ready");
        }
        awaitEffects("locked", 2);
    }

    @Test
    void a_database_that_is_away_is_a_condition_of_its_pool_and_of_no_other(@TempDir Path folder) throws Exception {
        try (var second = EmbeddedPostgres.start(folder)) {
            var other = QueueDatabase.withoutQueue(second);
            system.apply("""
                    apiVersion: pgworkerpool.dev/v1alpha1
                    kind: WorkerPool
                    metadata: {name: other}
                    spec:
                      database: {host: 127.0.0.1, port: %d, name: %s, secretRef: {name: operator}}
                      logins: [{secretRef: {name: alice}}]
                    """.formatted(second.port(), other.name()));
            system.awaitReady("other");
            second.stop();
            eventually().until(() -> system.ready("other").equals("False DatabaseUnavailable"));
            holds(() -> system.ready("other").equals("False DatabaseUnavailable"));

            submit("unharmed");
            awaitEffects("unharmed", 1);

            second.start();
            other.execute("alice", "CREATE TABLE public.here AS SELECT 1");
            other.submit("alice", "back", "DROP TABLE public.here");
            eventually()
                    .until(() ->
                            other.look("SELECT status FROM worker_pool.jobs").equals(List.of("done")));
            eventually().until(() -> system.ready("other").startsWith("True"));
        } finally {
            system.cluster()
                    .client()
                    .resources(WorkerPool.class)
                    .inNamespace(RunningSystem.NAMESPACE)
                    .withName("other")
                    .delete();
        }
    }

    @Test
    void without_the_Kubernetes_API_running_jobs_go_on_and_what_was_queued_runs_when_it_is_back() throws Exception {
        try (var blocker = block()) {
            submit("running", BLOCKED);
            awaitStatus("running", "pending");
            system.cluster().stopApi();
            submit("meanwhile");
        }
        awaitEffects("running", 1);
        holds(() -> system.operator().isAlive() && effects("meanwhile") == 0);
        system.cluster().startApi();
        awaitEffects("meanwhile", 1);
        submit("running");
        awaitEffects("running", 2);
    }

    @Test
    void an_operator_that_no_longer_listens_finds_out_by_itself() throws Exception {
        system.database().asSuperuser("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'pool_operator'""");
        submit("unheard");
        awaitEffects("unheard", 1);
    }

    @Test
    void a_job_whose_session_is_terminated_runs_again() throws Exception {
        try (var blocker = block()) {
            submit("terminated", BLOCKED);
            awaitStatus("terminated", "pending");
            system.database().asSuperuser("""
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name LIKE 'worker_pool job %'""");
            eventually().until(() -> attempts("terminated") == 1);
        }
        awaitEffects("terminated", 1);
        assertThat(attempts("terminated")).isEqualTo(2);
        eventually()
                .until(() -> events().stream()
                        .anyMatch(note -> note.contains("terminated") && note.contains("exit code 12")));
    }

    @Test
    void a_worker_that_runs_out_of_memory_is_seen_and_its_job_runs_again() throws Exception {
        try (var blocker = block()) {
            submit("hungry", BLOCKED);
            awaitStatus("hungry", "pending");
            var pod = system.workerPods().stream()
                    .filter(candidate -> candidate.getMetadata().getName().contains("hungry"))
                    .findFirst()
                    .orElseThrow();
            system.cluster()
                    .node()
                    .killForMemory(RunningSystem.NAMESPACE, pod.getMetadata().getName());
            eventually()
                    .until(() ->
                            events().stream().anyMatch(note -> note.contains("hungry") && note.contains("OOMKilled")));
        }
        awaitEffects("hungry", 1);
        awaitNoneLeft();
    }

    @Test
    void a_password_that_changes_in_role_and_Secret_is_followed() throws Exception {
        for (var login : List.of("alice", "pool_operator")) {
            var secret = login.equals("alice") ? "alice" : "operator";
            system.database().asSuperuser("ALTER ROLE " + login + " PASSWORD 'new'", """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND usename = '%s'""".formatted(login));
            system.database().asSuperuser("""
                    SET ROLE bob; CALL worker_pool.submit('rotated %s', 'SELECT 1'); RESET ROLE;
                    SET ROLE alice; CALL worker_pool.submit('rotated %s', 'INSERT INTO public.effect (worker) VALUES (''rotated %s'')')
                    """.formatted(login, login, login));
            system.createSecret(secret, login, "new");
            eventually()
                    .until(() -> superuserLook(
                                    "SELECT count(*) FROM public.effect WHERE worker = 'rotated " + login + "'")
                            .equals(List.of("1")));

            system.createSecret(secret, login, QueueDatabase.PASSWORD);
            system.database()
                    .asSuperuser(
                            "ALTER ROLE " + login + " PASSWORD '" + QueueDatabase.PASSWORD.replace("'", "''") + "'");
        }
        system.awaitReady(RunningSystem.POOL);
        awaitNoneLeft();
    }

    @Test
    void a_Secret_that_is_missing_is_a_condition_until_it_is_there() throws Exception {
        system.createPool(RunningSystem.POOL, 8, "  suspend: true");
        eventually().until(() -> system.ready(RunningSystem.POOL).equals("False Suspended"));
        system.database().submit("bob", "bobs", "INSERT INTO public.effect (worker) VALUES ('bobs')");
        system.cluster()
                .client()
                .secrets()
                .inNamespace(RunningSystem.NAMESPACE)
                .withName("bob")
                .delete();
        system.createPool(RunningSystem.POOL, 8, "  suspend: false");
        eventually().until(() -> system.ready(RunningSystem.POOL).equals("False SecretNotFound"));
        submit("still");
        awaitEffects("still", 1);
        assertThat(system.database().look("SELECT reason FROM worker_pool.queue WHERE worker_name = 'bobs'"))
                .containsExactly("RoleNotAllowed");

        system.createSecret("bob", "wp$bob", QueueDatabase.PASSWORD);
        awaitEffects("bobs", 1);
        system.awaitReady(RunningSystem.POOL);
    }

    @Test
    void a_second_pool_on_the_same_database_starts_nothing() throws Exception {
        system.createPool("rival", 8, "");
        eventually().until(() -> system.ready("rival").equals("False DatabaseInUse"));
        submit("contested");
        awaitEffects("contested", 1);
        system.cluster()
                .client()
                .resources(WorkerPool.class)
                .inNamespace(RunningSystem.NAMESPACE)
                .withName("rival")
                .delete();
        assertThat(system.cluster().history())
                .noneMatch(
                        change -> change.kind().equals("Job") && change.name().startsWith("rival"));
    }

    @Test
    void a_suspended_pool_starts_nothing_and_lets_what_runs_come_to_its_end() throws Exception {
        try (var blocker = block()) {
            submit("before", BLOCKED);
            awaitStatus("before", "pending");
            system.createPool(RunningSystem.POOL, 8, "  suspend: true");
            eventually().until(() -> system.ready(RunningSystem.POOL).equals("False Suspended"));
            submit("during");
            eventually()
                    .until(() -> system.database()
                            .look("SELECT reason FROM worker_pool.queue WHERE worker_name = 'during'")
                            .equals(List.of("PoolSuspended")));
        }
        awaitEffects("before", 1);
        assertThat(effects("during")).isZero();
        system.createPool(RunningSystem.POOL, 8, "  suspend: false");
        awaitEffects("during", 1);
    }

    @Test
    void a_deleted_pool_takes_its_pods_with_it_and_leaves_the_queue_as_it_is() throws Exception {
        try (var blocker = block()) {
            submit("survivor", BLOCKED);
            awaitStatus("survivor", "pending");
            system.cluster()
                    .client()
                    .resources(WorkerPool.class)
                    .inNamespace(RunningSystem.NAMESPACE)
                    .withName(RunningSystem.POOL)
                    .delete();
            eventually().until(() -> system.workerPods().isEmpty());
            awaitStatus("survivor", "waiting");
        }
        system.createPool(RunningSystem.POOL, 8, "");
        awaitEffects("survivor", 1);
    }

    @Test
    void a_worker_may_have_any_name() throws Exception {
        for (var name : List.of(
                "\uD83D\uDE00", "$(HOME)", "$$", "two\nlines", "it's \"quoted\"", " ", "..", "-", "ä".repeat(31))) {
            submit(name, "INSERT INTO public.effect (worker) VALUES ('odd')");
        }
        awaitEffects("odd", 9);
    }

    private static ConditionFactory eventually() {
        return await("see " + system.operatorLog())
                .atMost(RunningSystem.PATIENCE)
                .pollInterval(Duration.ofMillis(200));
    }

    /** For half a minute, the length of an outage that every part has to live with. */
    private static void holds(Callable<Boolean> condition) {
        await().atMost(Duration.ofSeconds(60)).during(Duration.ofSeconds(30)).until(condition);
    }

    /** Holds back the jobs {@link #BLOCKED} until it is closed. */
    private static Connection block() throws SQLException {
        var connection = system.database().asSuperuser();
        QueueDatabase.execute(connection, "SELECT pg_advisory_lock(4711)");
        return connection;
    }

    private static void submit(String worker) throws SQLException {
        submit(worker, "INSERT INTO public.effect (worker) VALUES ('%s')");
    }

    private static void submit(String worker, String query) throws SQLException {
        system.database().submit("alice", worker, query.formatted(worker));
    }

    private static void awaitEffects(String worker, int number) {
        eventually().untilAsserted(() -> assertThat(effects(worker)).isEqualTo(number));
    }

    private static int effects(String worker) throws SQLException {
        return Integer.parseInt(superuserLook("SELECT count(*) FROM public.effect WHERE worker = '" + worker + "'")
                .getFirst());
    }

    private static int attempts(String worker) throws SQLException {
        return Integer.parseInt(
                superuserLook("SELECT sum(attempts) FROM worker_pool.jobs WHERE worker_name = '" + worker + "'")
                        .getFirst());
    }

    private static void awaitStatus(String worker, String status) {
        eventually()
                .until(() -> superuserLook("SELECT status FROM worker_pool.jobs WHERE worker_name = '" + worker + "'")
                        .contains(status));
    }

    private static void awaitNoneLeft() {
        eventually()
                .until(() -> superuserLook("SELECT id FROM worker_pool.queue").isEmpty());
    }

    private static List<String> superuserLook(String query) throws SQLException {
        try (var connection = system.database().asSuperuser()) {
            return QueueDatabase.ask(connection, query);
        }
    }

    private static List<String> podsOf(String worker) {
        return system.workerPods().stream()
                .filter(pod -> pod.getMetadata().getName().contains(worker))
                .map(pod -> pod.getStatus().getPhase())
                .toList();
    }

    private static List<String> events() {
        return system
                .cluster()
                .client()
                .events()
                .v1()
                .events()
                .inNamespace(RunningSystem.NAMESPACE)
                .list()
                .getItems()
                .stream()
                .map(event -> String.valueOf(event.getNote()))
                .toList();
    }
}
