package dev.pgworkerpool.schedule;

import io.fabric8.kubernetes.api.model.ContainerStateWaiting;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds pods that will not start by themselves, so that they don't hold a slot for ever. The kubelet would go on trying to
 * pull an image that doesn't exist.
 *
 * <p>A pod that no node has room for is not one of them: a node may come, and another worker's pod would fare no better.
 */
public final class NeverStarting {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration MUCH_PATIENCE = Duration.ofMinutes(5);

    /** Reasons of a waiting container, with how old the pod may become. */
    private static final Map<String, Duration> REASONS = Map.of(
            "ErrImagePull", PATIENCE,
            "ImagePullBackOff", PATIENCE,
            "InvalidImageName", PATIENCE,
            "ErrImageNeverPull", PATIENCE,
            "CreateContainerConfigError", PATIENCE,
            "CreateContainerError", PATIENCE,
            "RunContainerError", PATIENCE,
            // A volume that can't be mounted looks like this, and so does a large image.
            "ContainerCreating", MUCH_PATIENCE);

    private NeverStarting() {}

    /** Why the turn's pod will not start; empty when it runs, has ended, or may still start. */
    public static Optional<String> reason(Turn turn, Instant now) {
        return turn.pods().stream()
                .flatMap(pod ->
                        waiting(pod).filter(state -> overdue(state, pod, now)).map(NeverStarting::text))
                .findFirst();
    }

    private static boolean overdue(ContainerStateWaiting state, Pod pod, Instant now) {
        Duration patience = state.getReason() == null ? null : REASONS.get(state.getReason());
        return patience != null && since(pod).plus(patience).isBefore(now);
    }

    /** The kubelet's first sight of the pod: what it waited for a node doesn't count. */
    private static Instant since(Pod pod) {
        String started = pod.getStatus().getStartTime();
        return Instant.parse(started == null ? pod.getMetadata().getCreationTimestamp() : started);
    }

    private static Stream<ContainerStateWaiting> waiting(Pod pod) {
        if (pod.getStatus() == null || pod.getStatus().getContainerStatuses() == null) {
            return Stream.empty();
        }
        return pod.getStatus().getContainerStatuses().stream()
                .filter(container -> container.getState() != null)
                .flatMap(container -> Stream.ofNullable(container.getState().getWaiting()));
    }

    private static String text(ContainerStateWaiting state) {
        String message = state.getMessage();
        return message == null || message.isBlank() ? state.getReason() : state.getReason() + ": " + message;
    }
}
