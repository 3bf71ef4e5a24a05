package dev.pgworkerpool.schedule;

import dev.pgworkerpool.worker.Outcome;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Why a turn ended badly, in a few words that a person understands. */
public final class TurnFailure {
    private static final int LONGEST = 300;
    private static final int SIGNAL_BASE = 128;

    private TurnFailure() {}

    /** The reason; empty when it ended well, or when nothing of it is left that could tell. */
    public static Optional<String> of(Turn turn) {
        if (turn.lost()) {
            return Optional.of("its node is lost: the pod should have ended by now, and nobody says that it has");
        }
        if (turn.endedWell() || anotherWasAwake(turn)) {
            return Optional.empty();
        }
        Optional<String> ofPods = ofPods(turn);
        if (ofPods.isPresent()) {
            return ofPods;
        }
        return Optional.ofNullable(turn.job())
                .filter(job -> Turn.hasCondition(job, "Failed"))
                .map(job -> shortened(ofJob(job)));
    }

    /** What its pods say so far, whether or not they have ended. One that is deleted or evicted is gone before its Job has ended. */
    public static Optional<String> ofPods(Turn turn) {
        return turn.pods().stream()
                .flatMap(pod -> ofPod(pod).stream())
                .findFirst()
                .map(TurnFailure::shortened);
    }

    /** The work is done all the same, and the job that runs there was not interrupted. */
    private static boolean anotherWasAwake(Turn turn) {
        return turn.pods().stream()
                .flatMap(pod -> Stream.ofNullable(pod.getStatus()))
                .flatMap(TurnFailure::processes)
                .anyMatch(process ->
                        process.getExitCode() != null && process.getExitCode() == Outcome.LOCK_HELD.exitCode());
    }

    private static boolean succeeded(Pod pod) {
        return pod.getStatus() != null && "Succeeded".equals(pod.getStatus().getPhase());
    }

    /** What Kubernetes says of the pod as a whole (Evicted, NodeLost, a disruption) tells more than how its process ended. */
    private static Optional<String> ofPod(Pod pod) {
        PodStatus status = pod.getStatus();
        if (status == null || succeeded(pod)) {
            return Optional.empty();
        }
        if (status.getReason() != null) {
            return Optional.of(joined(status.getReason(), status.getMessage()));
        }
        Optional<String> disruption = disruption(status);
        if (disruption.isPresent()) {
            return disruption;
        }
        return processes(status)
                .filter(process -> !Integer.valueOf(0).equals(process.getExitCode()))
                .findFirst()
                .map(TurnFailure::ofProcess);
    }

    /** KEP-3329: preempted, drained, node gone. */
    private static Optional<String> disruption(PodStatus status) {
        return (status.getConditions() == null ? List.<PodCondition>of() : status.getConditions())
                .stream()
                        .filter(each -> each.getType().equals("DisruptionTarget")
                                && each.getStatus().equals("True"))
                        .map(each -> joined(each.getReason(), each.getMessage()))
                        .findFirst();
    }

    private static String ofProcess(ContainerStateTerminated process) {
        if ("OOMKilled".equals(process.getReason())) {
            return "OOMKilled";
        }
        int code = process.getExitCode() == null ? -1 : process.getExitCode();
        String how = code > SIGNAL_BASE
                ? "exit code " + code + " (signal " + (code - SIGNAL_BASE) + ")"
                : "exit code " + code;
        return joined(how, lastLine(process.getMessage()));
    }

    private static String ofJob(Job job) {
        return job.getStatus().getConditions().stream()
                .filter(each ->
                        each.getType().equals("Failed") && each.getStatus().equals("True"))
                .map(each -> joined(each.getReason(), each.getMessage()))
                .findFirst()
                .orElse("its Kubernetes Job failed");
    }

    /** The termination message is the end of the log; the worker's last line says why it ended. */
    private static @Nullable String lastLine(@Nullable String message) {
        return message == null
                ? null
                : message.lines()
                        .filter(line -> !line.isBlank())
                        .reduce((earlier, later) -> later)
                        .orElse(null);
    }

    /** Those that have ended. */
    private static Stream<ContainerStateTerminated> processes(PodStatus status) {
        return (status.getContainerStatuses() == null ? List.<ContainerStatus>of() : status.getContainerStatuses())
                .stream()
                        .flatMap(container -> Stream.ofNullable(container.getState()))
                        .flatMap(state -> Stream.ofNullable(state.getTerminated()));
    }

    private static String joined(@Nullable String word, @Nullable String message) {
        String first = word == null ? "failed" : word;
        return message == null || message.isBlank() ? first : first + ": " + message.strip();
    }

    private static String shortened(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST - 1) + "…" : text;
    }
}
