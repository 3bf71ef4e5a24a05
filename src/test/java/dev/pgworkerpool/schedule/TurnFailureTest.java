package dev.pgworkerpool.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TurnFailureTest {
    private static final Job COMPLETE = job("Complete", "CompletionsReached", "");
    private static final Job FAILED =
            job("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");

    @Test
    void a_complete_job_has_no_failure() {
        assertThat(failure(COMPLETE, terminated(0, "Completed", null))).isEmpty();
    }

    @Test
    void out_of_memory_is_called_by_its_name() {
        assertThat(failure(FAILED, terminated(137, "OOMKilled", null))).contains("OOMKilled");
    }

    @Test
    void an_exit_code_comes_with_the_last_line_of_the_log() {
        assertThat(failure(FAILED, terminated(12, "Error", "first\\nthe database is gone\\n\\n")))
                .contains("exit code 12: the database is gone");
    }

    @Test
    void an_exit_code_of_a_signal_says_which() {
        assertThat(failure(FAILED, terminated(137, "Error", null))).contains("exit code 137 (signal 9)");
    }

    @Test
    void a_worker_that_found_another_one_awake_has_not_failed() {
        assertThat(failure(FAILED, terminated(10, "Error", "another worker of this name is awake")))
                .isEmpty();
    }

    @Test
    void an_eviction_says_why() {
        assertThat(failure(FAILED, "status: {phase: Failed, reason: Evicted, message: The node was low on resource}"))
                .contains("Evicted: The node was low on resource");
    }

    @Test
    void a_lost_node_is_told_from_a_crash() {
        String status = """
                status:
                  phase: Failed
                  conditions:
                  - {type: DisruptionTarget, status: "True", reason: DeletionByTaintManager, message: "taint manager: deleting"}
                """;
        assertThat(failure(FAILED, status)).contains("DeletionByTaintManager: taint manager: deleting");
    }

    @Test
    void a_pod_that_still_ends_says_already_why() {
        Pod pod = Serialization.unmarshal("""
                status:
                  phase: Running
                  conditions:
                  - {type: DisruptionTarget, status: "True", reason: EvictionByEvictionAPI, message: "Eviction API: evicting"}
                """, Pod.class);
        assertThat(TurnFailure.ofPods(new Turn("job", null, List.of(pod))))
                .contains("EvictionByEvictionAPI: Eviction API: evicting");
    }

    @Test
    void without_a_pod_the_job_says_what_it_knows() {
        assertThat(TurnFailure.of(new Turn("job", FAILED, List.of())))
                .contains("BackoffLimitExceeded: Job has reached the specified backoff limit");
    }

    @Test
    void a_job_that_is_gone_with_its_pod_tells_nothing() {
        assertThat(TurnFailure.of(new Turn("job", null, List.of()))).isEmpty();
    }

    @Test
    void a_process_that_ended_well_did_not_fail_although_its_pod_has_not_ended_yet() {
        Pod pod = Serialization.unmarshal(
                "status: {phase: Running, containerStatuses: [{state: {terminated: {exitCode: 0, reason: Completed}}}]}",
                Pod.class);
        assertThat(TurnFailure.of(new Turn("job", null, List.of(pod)))).isEmpty();
    }

    @Test
    void a_turn_whose_node_is_lost_failed() {
        assertThat(TurnFailure.of(new Turn("job", null, List.of(), true)))
                .hasValueSatisfying(words -> assertThat(words).startsWith("its node is lost"));
    }

    @Test
    void a_job_that_is_gone_ended_well_if_its_pod_did() {
        Pod pod = Serialization.unmarshal("status: {phase: Succeeded}", Pod.class);
        assertThat(TurnFailure.of(new Turn("job", null, List.of(pod)))).isEmpty();
    }

    @Test
    void a_long_message_is_cut() {
        assertThat(failure(FAILED, terminated(1, "Error", "x".repeat(1000))).orElseThrow())
                .hasSize(300);
    }

    private static Optional<String> failure(Job job, String podStatus) {
        return TurnFailure.of(new Turn("job", job, List.of(Serialization.unmarshal(podStatus, Pod.class))));
    }

    private static String terminated(int code, String reason, @Nullable String message) {
        return "status: {phase: Failed, containerStatuses: [{state: {terminated: {exitCode: " + code + ", reason: "
                + reason + (message == null ? "" : ", message: \"" + message + "\"") + "}}}]}";
    }

    private static Job job(String condition, String reason, String message) {
        return Serialization.unmarshal(
                "status: {conditions: [{type: " + condition + ", status: \"True\", reason: " + reason + ", message: \""
                        + message + "\"}]}",
                Job.class);
    }
}
