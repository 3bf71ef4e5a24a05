package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.queue.JobQueue;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Cancels what waits of WorkerJobs that were deleted while nobody could: their pool was gone, or the operator died between queueing
 * them and saying so in their status.
 */
@ApplicationScoped
class DeletedWorkerJobs {
    private final KubernetesClient client;
    private final WorkerJobEvents workerJobs;

    DeletedWorkerJobs(KubernetesClient client, WorkerJobEvents workerJobs) {
        this.client = client;
        this.workerJobs = workerJobs;
    }

    /** The first time before any worker starts, and then once in a while. */
    void run(PoolPass pass, JobQueue queue) {
        boolean first = pass.live().deletedCancelled.last().isEmpty();
        pass.live().deletedCancelled.get(true, pass.now(), () -> cancel(pass, queue, first));
    }

    /** @param first trust the API only: a cache may not show yet what was deleted a moment ago */
    private int cancel(PoolPass pass, JobQueue queue, boolean first) {
        String ours = "workerjob/" + pass.namespace() + "/";
        List<UUID> doubtful = queue.waitingWorkerJobs().stream()
                .filter(waiting -> waiting.origin().startsWith(ours))
                .map(waiting -> waiting.uid())
                .filter(uid -> first || !workerJobs.knows(uid.toString()))
                .toList();
        if (doubtful.isEmpty()) {
            return 0;
        }
        // They were there when they were queued, so those that are not there now were deleted.
        Set<String> there = uids(pass.namespace());
        List<UUID> deleted =
                doubtful.stream().filter(uid -> !there.contains(uid.toString())).toList();
        deleted.forEach(queue::cancelWorkerJob);
        return deleted.size();
    }

    private Set<String> uids(String namespace) {
        return client.resources(WorkerJob.class).inNamespace(namespace).list().getItems().stream()
                .map(job -> job.getMetadata().getUid())
                .collect(Collectors.toSet());
    }
}
