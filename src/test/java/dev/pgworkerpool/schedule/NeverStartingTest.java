package dev.pgworkerpool.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NeverStartingTest {
    private static final Instant STARTED = Instant.parse("2026-01-01T12:00:00Z");

    @ParameterizedTest
    @ValueSource(strings = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"})
    void an_image_or_a_configuration_that_stays_wrong_for_half_a_minute_is_given_up(String reason) {
        assertThat(reason(reason, 31)).contains(reason + ": because");
    }

    @Test
    void the_first_failure_may_pass() {
        assertThat(reason("ErrImagePull", 29)).isEmpty();
    }

    @Test
    void a_large_image_has_five_minutes() {
        assertThat(reason("ContainerCreating", 299)).isEmpty();
        assertThat(reason("ContainerCreating", 301)).isPresent();
    }

    @Test
    void a_pod_that_waits_for_a_node_is_left_waiting() {
        Pod unscheduled = Serialization.unmarshal("""
                metadata: {creationTimestamp: "2026-01-01T12:00:00Z"}
                status: {phase: Pending}
                """, Pod.class);
        assertThat(NeverStarting.reason(new Turn("a", null, List.of(unscheduled)), STARTED.plusSeconds(9999)))
                .isEmpty();
    }

    private static Optional<String> reason(String reason, int age) {
        Pod pod = Serialization.unmarshal("""
                status:
                  phase: Pending
                  startTime: "2026-01-01T12:00:00Z"
                  containerStatuses: [{state: {waiting: {reason: %s, message: because}}}]
                """.formatted(reason), Pod.class);
        return NeverStarting.reason(new Turn("a", null, List.of(pod)), STARTED.plusSeconds(age));
    }
}
