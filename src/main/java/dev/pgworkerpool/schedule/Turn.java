package dev.pgworkerpool.schedule;

import dev.pgworkerpool.api.Api;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One run of one worker's pod, as the Kubernetes API shows it.
 *
 * @param jobName the name of its Kubernetes Job
 * @param job null when it is gone
 * @param pods of that Job: none, one, or (after a node was lost) more
 * @param lost a pod of it should have ended long ago, and no kubelet says that it has: its node is gone. Its Job would wait for
 *     ever; should it live on, its locks keep the next turn from running anything beside it
 */
public record Turn(String jobName, @Nullable Job job, List<Pod> pods, boolean lost) {
    private static final Set<String> TERMINATED = Set.of("Succeeded", "Failed");
    private static final Duration KUBELET_IS_LATE_AT_MOST = Duration.ofMinutes(1);

    public Turn(String jobName, @Nullable Job job, List<Pod> pods) {
        this(jobName, job, pods, false);
    }

    /** From the Job's creation until both it and its pods have ended. A Job that is being deleted makes no more pods. */
    public boolean holdsSlot() {
        boolean jobLives = job != null && !job.isMarkedForDeletion() && !ended(job);
        return !lost && (jobLives || pods.stream().anyMatch(Turn::lives));
    }

    public boolean running() {
        return !lost && pods.stream().anyMatch(pod -> "Running".equals(phase(pod)));
    }

    /** As far as is still to be seen. */
    public boolean endedWell() {
        return (job != null && hasCondition(job, "Complete"))
                || pods.stream().anyMatch(pod -> "Succeeded".equals(phase(pod)));
    }

    /** The worker's name; null when somebody took our annotation away. */
    public @Nullable String worker() {
        return annotation(Api.WORKER_ANNOTATION);
    }

    /** The turn's number; 0 when somebody took our annotation away: the database knows no such turn. */
    public int number() {
        String number = annotation(Api.TURN_ANNOTATION);
        return number != null && number.matches("[0-9]{1,9}") ? Integer.parseInt(number) : 0;
    }

    @Nullable
    String annotation(String key) {
        return Stream.<HasMetadata>concat(Stream.ofNullable(job), pods.stream())
                .map(each -> each.getMetadata().getAnnotations())
                .filter(annotations -> annotations != null && annotations.containsKey(key))
                .map(annotations -> annotations.get(key))
                .findFirst()
                .orElse(null);
    }

    /** Complete or Failed: the pod has ended and nothing follows it (podReplacementPolicy Failed). */
    static boolean ended(Job job) {
        return hasCondition(job, "Complete") || hasCondition(job, "Failed");
    }

    static boolean hasCondition(Job job, String type) {
        return job.getStatus() != null
                && job.getStatus().getConditions() != null
                && job.getStatus().getConditions().stream()
                        .anyMatch(each ->
                                each.getType().equals(type) && each.getStatus().equals("True"));
    }

    /** The timestamp of a deletion is the end of its grace period. */
    static boolean isLost(Pod pod, Instant now) {
        String deletion = pod.getMetadata().getDeletionTimestamp();
        return deletion != null
                && lives(pod)
                && Instant.parse(deletion).plus(KUBELET_IS_LATE_AT_MOST).isBefore(now);
    }

    static boolean lives(Pod pod) {
        return !TERMINATED.contains(phase(pod));
    }

    private static String phase(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return phase == null ? "Pending" : phase;
    }
}
