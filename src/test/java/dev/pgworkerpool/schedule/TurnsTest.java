package dev.pgworkerpool.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class TurnsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    @Test
    void a_job_holds_a_slot_from_its_creation_on() {
        assertThat(turns(List.of(job("a", "")), List.of()).holders()).containsExactly("foo");
    }

    @Test
    void an_ended_job_with_an_ended_pod_holds_none() {
        Turns turns = turns(List.of(job("a", "Failed")), List.of(pod("a", "Failed")));
        assertThat(turns.holders()).isEmpty();
        assertThat(turns.find("a")).isPresent();
    }

    @Test
    void a_pod_that_still_ends_keeps_the_slot_of_its_ended_job() {
        assertThat(turns(List.of(job("a", "Failed")), List.of(pod("a", "Running")))
                        .holders())
                .containsExactly("foo");
    }

    @Test
    void a_pod_whose_job_was_deleted_keeps_the_slot() {
        Turns turns = turns(List.of(), List.of(pod("a", "Running")));
        assertThat(turns.holders()).containsExactly("foo");
        assertThat(turns.running()).isEqualTo(1);
    }

    @Test
    void a_job_that_somebodys_finalizer_keeps_holds_a_slot_only_with_its_pod() {
        Job kept = job("a", "");
        kept.getMetadata().setDeletionTimestamp(NOW.minusSeconds(9).toString());
        assertThat(turns(List.of(kept), List.of(pod("a", "Running"))).holders()).containsExactly("foo");
        assertThat(turns(List.of(kept), List.of(pod("a", "Succeeded"))).holders())
                .isEmpty();
    }

    @Test
    void two_turns_of_one_name_hold_one_slot() {
        assertThat(turns(List.of(job("a", ""), job("b", "")), List.of()).holders())
                .hasSize(1);
    }

    @Test
    void a_job_without_our_annotations_holds_nobodys_slot() {
        Job foreign = Serialization.unmarshal("metadata: {name: a}", Job.class);
        Turns turns = turns(List.of(foreign), List.of());
        assertThat(turns.holders()).isEmpty();
        assertThat(turns.all()).extracting(Turn::number).containsExactly(0);
    }

    @Test
    void a_pod_that_outlives_its_grace_by_a_minute_is_lost_with_its_node_and_holds_no_slot() {
        Pod pod = pod("a", "Running");
        pod.getMetadata().setDeletionTimestamp(NOW.minusSeconds(50).toString());
        assertThat(turns(List.of(job("a", "")), List.of(pod)).holders()).containsExactly("foo");
        pod.getMetadata().setDeletionTimestamp(NOW.minusSeconds(61).toString());
        Turns turns = turns(List.of(job("a", "")), List.of(pod));
        assertThat(turns.holders()).isEmpty();
        assertThat(turns.running()).isZero();
        assertThat(turns.find("a").orElseThrow().lost()).isTrue();
    }

    private static Turns turns(List<Job> jobs, List<Pod> pods) {
        return Turns.of(jobs, pods, NOW);
    }

    private static Job job(String name, String condition) {
        return Serialization.unmarshal("""
                metadata: {name: %s, annotations: {pgworkerpool.dev/worker: foo, pgworkerpool.dev/turn: "3"}}
                status: {conditions: [{type: "%s", status: "True"}]}
                """.formatted(name, condition), Job.class);
    }

    private static Pod pod(String job, String phase) {
        return Serialization.unmarshal("""
                metadata:
                  name: %1$s-abcde
                  labels: {batch.kubernetes.io/job-name: %1$s}
                  annotations: {pgworkerpool.dev/worker: foo, pgworkerpool.dev/turn: "3"}
                status: {phase: %2$s}
                """.formatted(job, phase), Pod.class);
    }
}
