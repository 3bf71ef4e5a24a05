package dev.pgworkerpool.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class LateStartTest {
    private static final Instant CREATED = Instant.parse("2026-01-01T12:00:00Z");

    @Test
    void a_job_has_no_pod_only_after_half_a_minute() {
        Turn turn = new Turn("a", job("{}"), List.of());
        assertThat(LateStart.hasNoPod(turn, CREATED.plusSeconds(29))).isFalse();
        assertThat(LateStart.hasNoPod(turn, CREATED.plusSeconds(31))).isTrue();
    }

    @Test
    void a_job_that_has_ended_or_has_a_pod_is_not_late() {
        Job ended = job("{conditions: [{type: Failed, status: \"True\"}]}");
        assertThat(LateStart.hasNoPod(new Turn("a", ended, List.of()), CREATED.plusSeconds(99)))
                .isFalse();
        assertThat(LateStart.hasNoPod(new Turn("a", job("{}"), List.of(unscheduled())), CREATED.plusSeconds(99)))
                .isFalse();
    }

    @Test
    void a_pod_that_no_node_takes_is_told_in_the_schedulers_words() {
        Turn turn = new Turn("a", job("{}"), List.of(unscheduled()));
        assertThat(LateStart.unschedulable(turn, CREATED.plusSeconds(29))).isEmpty();
        assertThat(LateStart.unschedulable(turn, CREATED.plusSeconds(31)))
                .contains("Unschedulable: 0/3 nodes are available");
    }

    private static Job job(String status) {
        return Serialization.unmarshal(
                "metadata: {creationTimestamp: \"2026-01-01T12:00:00Z\"}\nstatus: " + status, Job.class);
    }

    private static Pod unscheduled() {
        return Serialization.unmarshal("""
                metadata: {creationTimestamp: "2026-01-01T12:00:00Z"}
                status:
                  phase: Pending
                  conditions:
                  - {type: PodScheduled, status: "False", reason: Unschedulable, message: 0/3 nodes are available}
                """, Pod.class);
    }
}
