package dev.pgworkerpool.schedule;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The turns of one pool as the Kubernetes API shows them, its Jobs and pods put together once.
 *
 * @param byJobName a turn's Job may be gone while its pod still ends
 */
public record Turns(Map<String, Turn> byJobName) {
    /** Label of a pod: the Kubernetes Job that it belongs to. */
    public static final String JOB_NAME = "batch.kubernetes.io/job-name";

    public static Turns of(Collection<Job> jobs, Collection<Pod> pods, Instant now) {
        Map<String, Job> jobsByName =
                jobs.stream().collect(toMap(job -> job.getMetadata().getName(), Function.identity()));
        Map<String, List<Pod>> podsByJob = pods.stream().collect(groupingBy(Turns::jobName));
        Set<String> names = new TreeSet<>(jobsByName.keySet());
        names.addAll(podsByJob.keySet());
        return new Turns(names.stream()
                .collect(toMap(
                        Function.identity(),
                        name -> turn(name, jobsByName.get(name), podsByJob.getOrDefault(name, List.of()), now))));
    }

    private static Turn turn(String name, @Nullable Job job, List<Pod> pods, Instant now) {
        return new Turn(name, job, pods, pods.stream().anyMatch(pod -> Turn.isLost(pod, now)));
    }

    public Collection<Turn> all() {
        return byJobName.values();
    }

    public Optional<Turn> find(String jobName) {
        return Optional.ofNullable(byJobName.get(jobName));
    }

    /** Names of workers that hold a slot. */
    public Set<String> holders() {
        return all().stream()
                .filter(Turn::holdsSlot)
                .map(Turn::worker)
                .filter(Objects::nonNull)
                .collect(toSet());
    }

    public int running() {
        return (int) all().stream().filter(Turn::running).count();
    }

    private static String jobName(Pod pod) {
        String label = pod.getMetadata().getLabels().get(JOB_NAME);
        return label == null ? pod.getMetadata().getName() : label;
    }
}
