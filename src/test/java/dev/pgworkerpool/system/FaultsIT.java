package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.effect;
import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.postgres.QueueDatabase;
import dev.pgworkerpool.schedule.WorkerPodFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to the queue when something around it breaks: a condition says so, and everything ends as it should. */
class FaultsIT {
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
        system.surroundings().killOperator();
        system.submitEffect("orphan");
        // What an operator leaves that dies right after the creation: nothing of this Job is in the database.
        system.client()
                .resource(new WorkerPodFactory(system.surroundings().workerImage()).job(pool, "orphan", 1))
                .create();
        system.awaitEffects("orphan", 1);
        system.surroundings().startOperator();

        system.submitEffect("orphan");
        system.awaitEffects("orphan", 2);
        system.submitEffect("orphan");
        system.awaitEffects("orphan", 3);
    }

    @Test
    void a_name_whose_turn_ended_while_no_operator_was_there_goes_on() throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked("alone");
            system.awaitStatus("alone", "pending");
            system.surroundings().killOperator();
            system.submitEffect("alone");
        }
        system.awaitEffects("alone", 2);
        // The Job is gone, too, when the next operator looks for it.
        eventually().until(() -> podsOf("alone").stream().allMatch(phase -> phase.equals("Succeeded")));
        system.client().batch().v1().jobs().inNamespace(system.namespace()).delete();
        system.submitEffect("alone");
        system.surroundings().startOperator();
        system.awaitEffects("alone", 3);
    }

    @Test
    void a_crash_of_the_database_in_the_middle_of_a_drain_and_while_idle_loses_nothing() throws Exception {
        system.database().execute("alice", """
                INSERT INTO worker_pool.jobs (worker_name, query_text)
                SELECT 'crash', 'INSERT INTO public.effect (worker) VALUES (''crash'')' FROM generate_series(1, 3000)""");
        eventually().until(() -> system.effects("crash") > 0);
        system.postgres().restartImmediately();
        system.awaitEffects("crash", 3000);
        system.awaitAllEnded();

        system.postgres().restartImmediately();
        system.submitEffect("after crash");
        system.awaitEffects("after crash", 1);
    }

    @Test
    void a_lock_on_the_rows_of_one_name_holds_up_no_other() throws Exception {
        system.submitEffect("locked");
        system.awaitEffects("locked", 1);
        try (var stranger = system.database().asSuperuser()) {
            stranger.setAutoCommit(false);
            QueueDatabase.execute(stranger, "SELECT FROM worker_pool.worker WHERE worker_name = 'locked' FOR UPDATE");
            system.submitEffect("locked");
            for (int i = 0; i < 3; i++) {
                system.submitEffect("not locked");
                system.awaitEffects("not locked", i + 1);
            }
            assertThat(system.ready(RunningSystem.POOL)).isEqualTo("True Ready");
        }
        system.awaitEffects("locked", 2);
    }

    @Test
    void a_database_that_is_away_is_a_condition_of_its_pool_and_of_no_other(@TempDir Path folder) throws Exception {
        try (var second = system.surroundings().startPostgres(folder)) {
            var other = QueueDatabase.withoutQueue(second);
            system.apply("""
                    apiVersion: pgworkerpool.dev/v1alpha1
                    kind: WorkerPool
                    metadata: {name: other}
                    spec:
                      database: %s
                      logins: [{secretRef: {name: alice}}]
                    """.formatted(RunningSystem.databaseSpec(second, other.name())));
            system.awaitReady("other");
            second.stop();
            eventually().until(() -> system.ready("other").equals("False DatabaseUnavailable"));
            holds(() -> system.ready("other").equals("False DatabaseUnavailable"));

            system.submitEffect("unharmed");
            system.awaitEffects("unharmed", 1);

            second.start();
            other.execute("alice", "CREATE TABLE public.here AS SELECT 1");
            other.submit("alice", "back", "DROP TABLE public.here");
            eventually()
                    .until(() ->
                            other.look("SELECT status FROM worker_pool.jobs").equals(List.of("done")));
            eventually().until(() -> system.ready("other").startsWith("True"));
        } finally {
            system.pools().withName("other").delete();
        }
    }

    @Test
    @Tag("embedded")
    void without_the_Kubernetes_API_running_jobs_go_on_and_what_was_queued_runs_when_it_is_back() throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked("running");
            system.awaitStatus("running", "pending");
            embedded().cluster().stopApi();
            system.submitEffect("meanwhile");
        }
        system.awaitEffects("running", 1);
        holds(() -> embedded().operator().isAlive() && system.effects("meanwhile") == 0);
        embedded().cluster().startApi();
        system.awaitEffects("meanwhile", 1);
        system.submitEffect("running");
        system.awaitEffects("running", 2);
    }

    @Test
    void an_operator_that_no_longer_listens_finds_out_by_itself() throws Exception {
        system.database().asSuperuser("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'pool_operator'""");
        system.submitEffect("unheard");
        system.awaitEffects("unheard", 1);
    }

    @Test
    void a_job_whose_session_is_terminated_runs_again() throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked("terminated");
            system.awaitStatus("terminated", "pending");
            system.database().asSuperuser("""
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name LIKE 'worker_pool job %'""");
            eventually().until(() -> system.attempts("terminated") == 1);
        }
        system.awaitEffects("terminated", 1);
        assertThat(system.attempts("terminated")).isEqualTo(2);
        eventually()
                .until(() -> events().stream()
                        .anyMatch(note -> note.contains("terminated") && note.contains("exit code 12")));
    }

    @Test
    @Tag("embedded")
    void a_worker_that_runs_out_of_memory_is_seen_and_its_job_runs_again() throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked("hungry");
            system.awaitStatus("hungry", "pending");
            var pod = system.workerPods().stream()
                    .filter(candidate -> candidate.getMetadata().getName().contains("hungry"))
                    .findFirst()
                    .orElseThrow();
            embedded()
                    .cluster()
                    .node()
                    .killForMemory(system.namespace(), pod.getMetadata().getName());
            eventually()
                    .until(() ->
                            events().stream().anyMatch(note -> note.contains("hungry") && note.contains("OOMKilled")));
        }
        system.awaitEffects("hungry", 1);
        system.awaitAllEnded();
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
                    .until(() -> system.superuserLook(
                                    "SELECT count(*) FROM public.effect WHERE worker = 'rotated " + login + "'")
                            .equals(List.of("1")));

            system.createSecret(secret, login, QueueDatabase.PASSWORD);
            system.database()
                    .asSuperuser(
                            "ALTER ROLE " + login + " PASSWORD '" + QueueDatabase.PASSWORD.replace("'", "''") + "'");
        }
        system.awaitReady(RunningSystem.POOL);
        system.awaitAllEnded();
    }

    @Test
    void a_Secret_that_is_missing_is_a_condition_until_it_is_there() throws Exception {
        system.createPool(RunningSystem.POOL, 8, "  suspend: true");
        eventually().until(() -> system.ready(RunningSystem.POOL).equals("False Suspended"));
        system.database().submit("bob", "bobs", effect("bobs"));
        system.client()
                .secrets()
                .inNamespace(system.namespace())
                .withName("bob")
                .delete();
        system.createPool(RunningSystem.POOL, 8, "  suspend: false");
        eventually().until(() -> system.ready(RunningSystem.POOL).equals("False SecretNotFound"));
        system.submitEffect("still");
        system.awaitEffects("still", 1);
        assertThat(system.database().look("SELECT reason FROM worker_pool.queue WHERE worker_name = 'bobs'"))
                .containsExactly("RoleNotAllowed");

        system.createSecret("bob", "wp$bob", QueueDatabase.PASSWORD);
        system.awaitEffects("bobs", 1);
        system.awaitReady(RunningSystem.POOL);
    }

    @Test
    void a_second_pool_on_the_same_database_starts_nothing() throws Exception {
        system.createPool("rival", 8, "");
        eventually().until(() -> system.ready("rival").equals("False DatabaseInUse"));
        system.submitEffect("contested");
        system.awaitEffects("contested", 1);
        assertThat(system.jobs()).noneMatch(job -> job.getMetadata().getName().startsWith("rival"));
        system.pools().withName("rival").delete();
    }

    @Test
    void a_suspended_pool_starts_nothing_and_lets_what_runs_come_to_its_end() throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked("before");
            system.awaitStatus("before", "pending");
            system.createPool(RunningSystem.POOL, 8, "  suspend: true");
            eventually().until(() -> system.ready(RunningSystem.POOL).equals("False Suspended"));
            system.submitEffect("during");
            eventually()
                    .until(() -> system.database()
                            .look("SELECT reason FROM worker_pool.queue WHERE worker_name = 'during'")
                            .equals(List.of("PoolSuspended")));
        }
        system.awaitEffects("before", 1);
        assertThat(system.effects("during")).isZero();
        system.createPool(RunningSystem.POOL, 8, "  suspend: false");
        system.awaitEffects("during", 1);
    }

    @Test
    void a_deleted_pool_takes_its_pods_with_it_and_leaves_the_queue_as_it_is() throws Exception {
        try (var blocker = system.block()) {
            system.submitBlocked("survivor");
            system.awaitStatus("survivor", "pending");
            system.pools().withName(RunningSystem.POOL).delete();
            eventually().until(() -> system.workerPods().isEmpty());
            system.awaitStatus("survivor", "waiting");
        }
        system.createPool(RunningSystem.POOL, 8, "");
        system.awaitEffects("survivor", 1);
    }

    @Test
    void a_worker_may_have_any_name() throws Exception {
        for (var name : List.of(
                "\uD83D\uDE00", "$(HOME)", "$$", "two\nlines", "it's \"quoted\"", " ", "..", "-", "ä".repeat(31))) {
            system.database().submit("alice", name, effect("odd"));
        }
        system.awaitEffects("odd", 9);
    }

    /** For half a minute, the length of an outage that every part has to live with. */
    private static void holds(Callable<Boolean> condition) {
        await().atMost(Duration.ofSeconds(60)).during(Duration.ofSeconds(30)).until(condition);
    }

    private static EmbeddedSurroundings embedded() {
        return (EmbeddedSurroundings) system.surroundings();
    }

    private static List<String> podsOf(String worker) {
        return system.workerPods().stream()
                .filter(pod -> pod.getMetadata().getName().contains(worker))
                .map(pod -> pod.getStatus().getPhase())
                .toList();
    }

    private static List<String> events() {
        return system.events().stream()
                .map(event -> String.valueOf(event.getNote()))
                .toList();
    }
}
