package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import java.time.Instant;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/** The status of a pod in the stations of its life, as the kubelet reports it. */
final class PodStatuses {
    private static final String ADDRESS = "127.0.0.1";

    private PodStatuses() {}

    static PodStatus scheduled(Pod pod) {
        return withCondition(pod.getStatus(), "PodScheduled", "True", null, null);
    }

    static PodStatus unschedulable(Pod pod, String message) {
        return withCondition(pod.getStatus(), "PodScheduled", "False", "Unschedulable", message);
    }

    static PodStatus waiting(Pod pod, String reason, @Nullable String message) {
        var state = new ContainerStateBuilder()
                .withNewWaiting()
                .withReason(reason)
                .withMessage(message)
                .endWaiting()
                .build();
        var status = withContainer(pod, "Pending", state, false);
        status = withCondition(status, "Initialized", "True", null, null);
        return notReady(status, "ContainersNotReady", "containers with unready status: [%s]".formatted(container(pod)));
    }

    static PodStatus running(Pod pod, Instant startedAt) {
        var state = new ContainerStateBuilder()
                .withNewRunning()
                .withStartedAt(Json.time(startedAt))
                .endRunning()
                .build();
        var status = withContainer(pod, "Running", state, true);
        status = withCondition(status, "Initialized", "True", null, null);
        status = withCondition(status, "ContainersReady", "True", null, null);
        return withCondition(status, "Ready", "True", null, null);
    }

    static PodStatus ended(Pod pod, PodProcess process) {
        var exitCode = process.exitCode();
        var policy = pod.getSpec().getContainers().getFirst().getTerminationMessagePolicy();
        var state = new ContainerStateBuilder()
                .withNewTerminated()
                .withExitCode(exitCode)
                .withReason(process.reason())
                .withMessage(exitCode != 0 && policy.equals("FallbackToLogsOnError") ? process.lastWords() : null)
                .withStartedAt(Json.time(process.startedAt()))
                .withFinishedAt(Json.time(process.finishedAt()))
                .withContainerID(containerId(pod))
                .endTerminated()
                .build();
        var status = withContainer(pod, exitCode == 0 ? "Succeeded" : "Failed", state, false);
        return notReady(status, exitCode == 0 ? "PodCompleted" : "PodFailed", null);
    }

    /** Deleted before its container ever ran. */
    static PodStatus neverStarted(Pod pod) {
        return notReady(
                new PodStatusBuilder(pod.getStatus()).withPhase("Failed").build(), "PodFailed", null);
    }

    /** The machine is gone with all that ran on it. */
    static PodStatus lost(Pod pod) {
        return new PodStatusBuilder(neverStarted(pod))
                .withReason("NodeLost")
                .withMessage("the node ended with the pod on it")
                .build();
    }

    private static PodStatus notReady(PodStatus status, String reason, @Nullable String message) {
        return withCondition(
                withCondition(status, "ContainersReady", "False", reason, message), "Ready", "False", reason, message);
    }

    private static PodStatus withContainer(Pod pod, String phase, ContainerState state, boolean ready) {
        var container = pod.getSpec().getContainers().getFirst();
        var status = new PodStatusBuilder(pod.getStatus())
                .withPhase(phase)
                .withHostIP(ADDRESS)
                .withPodIP(ADDRESS)
                .withContainerStatuses(new ContainerStatusBuilder()
                        .withName(container.getName())
                        .withImage(container.getImage())
                        .withImageID("")
                        .withContainerID(phase.equals("Pending") ? null : containerId(pod))
                        .withReady(ready)
                        .withStarted(ready)
                        .withRestartCount(0)
                        .withState(state)
                        .build());
        return pod.getStatus().getStartTime() == null
                ? status.withStartTime(Json.now()).build()
                : status.build();
    }

    private static String container(Pod pod) {
        return pod.getSpec().getContainers().getFirst().getName();
    }

    private static String containerId(Pod pod) {
        return "process://" + pod.getMetadata().getUid();
    }

    private static PodStatus withCondition(
            PodStatus status, String type, String value, @Nullable String reason, @Nullable String message) {
        var conditions = new ArrayList<PodCondition>();
        var time = Json.now();
        for (var condition : status.getConditions()) {
            if (!condition.getType().equals(type)) {
                conditions.add(condition);
            } else if (condition.getStatus().equals(value)) {
                time = condition.getLastTransitionTime();
            }
        }
        conditions.add(new PodConditionBuilder()
                .withType(type)
                .withStatus(value)
                .withReason(reason)
                .withMessage(message)
                .withLastTransitionTime(time)
                .build());
        return new PodStatusBuilder(status).withConditions(conditions).build();
    }
}
