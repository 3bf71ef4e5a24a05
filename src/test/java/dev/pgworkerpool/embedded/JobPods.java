package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The pods of one Kubernetes Job, sorted by what they mean for it. */
record JobPods(List<Pod> all) {
    /** Keeps a pod until the Job has counted it. */
    static final String FINALIZER = "batch.kubernetes.io/job-tracking";

    /** The pod of the next attempt. */
    static Pod create(Job job) {
        var template = job.getSpec().getTemplate();
        return new PodBuilder()
                .withNewMetadataLike(template.getMetadata())
                .withName(RandomName.after(job.getMetadata().getName() + "-"))
                .withGenerateName(job.getMetadata().getName() + "-")
                .withNamespace(job.getMetadata().getNamespace())
                .addToFinalizers(FINALIZER)
                .withOwnerReferences(new OwnerReferenceBuilder()
                        .withApiVersion("batch/v1")
                        .withKind("Job")
                        .withName(job.getMetadata().getName())
                        .withUid(job.getMetadata().getUid())
                        .withController(true)
                        .withBlockOwnerDeletion(true)
                        .build())
                .endMetadata()
                .withSpec(template.getSpec())
                .build();
    }

    static boolean hasEnded(Pod pod) {
        return List.of("Succeeded", "Failed").contains(pod.getStatus().getPhase()) || neverStarts(pod);
    }

    static boolean hasSucceeded(Pod pod) {
        return pod.getStatus().getPhase().equals("Succeeded");
    }

    /** Deleted before it got a node: nobody will ever report its end. */
    private static boolean neverStarts(Pod pod) {
        return isTerminating(pod) && pod.getSpec().getNodeName() == null;
    }

    private static boolean isTerminating(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() != null;
    }

    /** Ended, and not yet part of the Job's counts. */
    List<Pod> uncounted() {
        return all.stream()
                .filter(pod ->
                        hasEnded(pod) && pod.getMetadata().getFinalizers().contains(FINALIZER))
                .toList();
    }

    List<Pod> active() {
        return all.stream().filter(pod -> !hasEnded(pod) && !isTerminating(pod)).toList();
    }

    List<Pod> terminating() {
        return all.stream().filter(pod -> !hasEnded(pod) && isTerminating(pod)).toList();
    }

    int ready() {
        return (int) active().stream()
                .filter(pod -> pod.getStatus().getConditions().stream()
                        .anyMatch(condition -> condition.getType().equals("Ready")
                                && condition.getStatus().equals("True")))
                .count();
    }

    /** When the last one failed. */
    Optional<Instant> lastFailure() {
        return all.stream()
                .filter(pod -> hasEnded(pod) && !hasSucceeded(pod))
                .flatMap(pod -> pod.getStatus().getContainerStatuses().stream())
                .filter(container -> container.getState().getTerminated() != null)
                .map(container ->
                        Instant.parse(container.getState().getTerminated().getFinishedAt()))
                .max(Comparator.naturalOrder());
    }
}
