package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a pool says when something is wrong with its Secrets, its roles or its pods, and that the rest goes on. */
class PoolConditionsIT {
    private static RunningSystem system;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    @BeforeEach
    void beAsAtFirst() {
        system.createPool(RunningSystem.POOL, 8, "");
        system.awaitReady(RunningSystem.POOL);
    }

    @Test
    void a_missing_Secret_of_a_login_is_told_and_the_other_logins_work() throws Exception {
        system.createPool(RunningSystem.POOL, 8, "    - secretRef: {name: carol}\n");
        system.awaitReason("False SecretNotFound");
        assertThat(message()).contains("spec.logins: there is no Secret \"carol\"");
        system.database().submit("alice", "unharmed", "SELECT 1");
        system.awaitAllEnded();
        system.createSecret("carol", "carol", "irrelevant here");
        system.awaitReason("True Ready");
    }

    @Test
    void a_role_that_does_not_exist_is_told_and_the_others_work() throws Exception {
        system.createPool(RunningSystem.POOL, 8, "    - {secretRef: {name: alice}, role: nobody}\n");
        system.awaitReason("False LoginRefused");
        assertThat(message()).contains("role \"nobody\" does not exist");
        system.database().submit("alice", "unharmed", "SELECT 1");
        system.awaitAllEnded();
    }

    @Test
    void the_operators_own_missing_Secret_is_told() {
        system.apply(pool("no-secret", "secretRef: {name: nowhere}"));
        eventually().until(() -> system.ready("no-secret").equals("False SecretNotFound"));
        delete("no-secret");
    }

    @Test
    void a_wrong_password_is_told_and_appears_nowhere() throws Exception {
        system.createSecret("wrong", "pool_operator", "not the password");
        system.apply(pool("rejected", "secretRef: {name: wrong}"));
        eventually().until(() -> system.ready("rejected").equals("False CredentialsRejected"));
        delete("rejected");
        assertThat(system.surroundings().operatorLog()).doesNotContain("not the password");
    }

    @Test
    void an_image_that_does_not_exist_gives_its_slot_back_and_the_reason_stands_in_the_pool() throws Exception {
        system.createPool(RunningSystem.POOL, 8, "  worker: {image: does-not-exist}\n");
        system.database().submit("alice", "imageless", "SELECT 1");
        eventually()
                .atMost(Duration.ofSeconds(90))
                .until(() -> system.ready(RunningSystem.POOL).equals("False WorkersNotStarting"));
        assertThat(message()).contains("worker \"imageless\"").containsPattern("ErrImagePull|ImagePullBackOff");
        eventually()
                .until(() -> system.events().stream()
                        .anyMatch(event -> event.getReason().equals("WorkerNotStarted")));
        system.createPool(RunningSystem.POOL, 8, "");
        system.awaitAllEnded();
    }

    @Test
    void a_Job_that_the_API_refuses_is_told_takes_no_slot_and_is_tried_again() throws Exception {
        var quota = forbid("no-jobs", "count/jobs.batch");
        try {
            system.database().submit("alice", "refused", "SELECT 1");
            system.awaitReason("False WorkersNotStarting");
            assertThat(message()).contains("worker \"refused\"", "exceeded quota: no-jobs");
            eventually()
                    .until(() -> Objects.requireNonNull(
                                    system.pool(RunningSystem.POOL).getStatus())
                            .slots()
                            .equals("0/8"));
            eventually()
                    .until(() -> system.events().stream()
                            .anyMatch(event -> event.getReason().equals("WorkerRefused")));
        } finally {
            quota.delete();
        }
        system.awaitAllEnded();
        system.awaitReason("True Ready");
    }

    @Test
    void a_pod_that_the_API_refuses_is_told_and_the_worker_starts_when_that_is_over() throws Exception {
        var quota = forbid("no-pods", "count/pods");
        try {
            system.database().submit("alice", "podless", "SELECT 1");
            system.awaitReason("False WorkersNotStarting");
            assertThat(message()).contains("worker \"podless\": FailedCreate", "exceeded quota: no-pods");
        } finally {
            quota.delete();
        }
        system.awaitAllEnded();
        system.awaitReason("True Ready");
    }

    @Test
    void a_job_whose_role_has_no_login_any_more_is_told() throws Exception {
        system.createPool(RunningSystem.POOL, 8, "  suspend: true\n");
        system.awaitReason("False Suspended");
        system.database().submit("bob", "left alone", "SELECT 1");
        system.apply("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: library}
                spec:
                  database: %s
                  logins: [{secretRef: {name: alice}}]
                """.formatted(RunningSystem.databaseSpec(
                system.postgres(), system.database().name())));
        system.awaitReason("True Ready");
        eventually()
                .untilAsserted(() -> assertThat(message())
                        .contains("jobs of role \"bob\" wait: it has no login in this pool (worker \"left alone\")"));
        system.createPool(RunningSystem.POOL, 8, "");
        system.awaitAllEnded();
        eventually().untilAsserted(() -> assertThat(message()).doesNotContain("left alone"));
    }

    @Test
    void an_unencrypted_link_that_was_only_preferred_to_be_encrypted_is_told() {
        assertThat(message()).contains("unencrypted");
    }

    @Test
    void what_it_does_can_be_scraped() throws Exception {
        system.database().submit("alice", "scraped", "SELECT 1");
        system.awaitAllEnded();
        String labels = "{namespace=\"%s\",pool=\"library\"}".formatted(system.namespace());
        eventually()
                .untilAsserted(() -> assertThat(system.metrics())
                        .containsEntry("pgworkerpool_pool_ready" + labels, 1.0)
                        .containsEntry("pgworkerpool_slots" + labels, 8.0)
                        .containsEntry("pgworkerpool_jobs_waiting" + labels, 0.0)
                        .containsEntry("pgworkerpool_workers_waiting" + labels, 0.0)
                        .containsEntry("pgworkerpool_oldest_wait_seconds" + labels, 0.0)
                        .containsKeys(
                                "pgworkerpool_slots_in_use" + labels,
                                "pgworkerpool_workers_running" + labels,
                                "pgworkerpool_wakeup_latency_seconds_count" + labels)
                        .hasEntrySatisfying(
                                "pgworkerpool_jobs_finished_total{namespace=\"%s\",pool=\"library\",status=\"done\"}"
                                        .formatted(system.namespace()),
                                count -> assertThat(count).isPositive()));
    }

    /** A quota of none of these, to be deleted by the caller. */
    private static Resource<HasMetadata> forbid(String name, String what) {
        var quota = system.client().resource("""
                apiVersion: v1
                kind: ResourceQuota
                metadata: {name: %s}
                spec: {hard: {%s: "0"}}
                """.formatted(name, what)).inNamespace(system.namespace());
        quota.create();
        return quota;
    }

    private static String pool(String name, String secret) {
        return """
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: %s}
                spec:
                  database: {host: %s, port: %d, name: postgres, %s}
                """.formatted(
                name, system.postgres().hostInCluster(), system.postgres().portInCluster(), secret);
    }

    private static void delete(String pool) {
        system.pools().withName(pool).delete();
    }

    private static String message() {
        return system.message(RunningSystem.POOL);
    }
}
