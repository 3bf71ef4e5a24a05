package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.queue.Cancellation;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.queue.WaitingWorkerJob;
import dev.pgworkerpool.status.EventRecorder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Cancels what waits and what runs of WorkerJobs that were deleted. They have no finalizer, so that deleting one never waits for an operator or a
 * database; what the queue and the API say is compared instead: before a pool's first worker starts, after each deletion that is
 * heard of, once a minute, and in each pass while something is left.
 *
 * <p>None is missed that is queued while it is being deleted. Who queues one looks for it in the cache after the commit. If it is not
 * there, the pool is told then; if it still is, its deletion is yet to be heard of. Either way the next pass begins after the commit
 * and finds the rows. An operator that dies in between leaves it to the first pass of the next one, and one that lost the lease in
 * between to the next sweep.
 *
 * <p>None is cancelled that is there, however far the cache lags behind: the queue is read first and the API last, and what was
 * queued was there before.
 */
@ApplicationScoped
class DeletedWorkerJobs {
    private final KubernetesClient client;
    private final WorkerJobTriggers workerJobs;
    private final EventRecorder events;

    DeletedWorkerJobs(KubernetesClient client, WorkerJobTriggers workerJobs, EventRecorder events) {
        this.client = client;
        this.workerJobs = workerJobs;
        this.events = events;
    }

    void run(PoolPass pass, JobQueue queue) {
        LivePool live = pass.live();
        boolean first = live.deletedCancelled.last().isEmpty();
        int leftOver = live.deletedCancelled.get(live.deletions.get(), pass.now(), () -> cancel(pass, queue, first));
        if (leftOver > 0) {
            live.deletedCancelled.forget();
        }
    }

    /**
     * Returns how many statements are left to the next pass.
     *
     * @param first trust the API only: a cache may not show yet what was deleted a moment ago
     */
    private int cancel(PoolPass pass, JobQueue queue, boolean first) {
        String ours = WorkerJobSteps.origin(pass.namespace(), "");
        List<WaitingWorkerJob> doubtful = queue.waitingWorkerJobs().stream()
                .filter(waiting -> waiting.origin().startsWith(ours))
                .filter(waiting -> first || !workerJobs.knows(waiting.uid().toString()))
                .toList();
        if (doubtful.isEmpty()) {
            return 0;
        }
        Set<String> there = uids(pass.namespace());
        return doubtful.stream()
                .filter(waiting -> !there.contains(waiting.uid().toString()))
                .mapToInt(waiting -> cancel(
                        queue, waiting, pass.namespace(), waiting.origin().substring(ours.length())))
                .sum();
    }

    private int cancel(JobQueue queue, WaitingWorkerJob waiting, String namespace, String name) {
        Cancellation cancellation = queue.cancelWorkerJob(waiting.uid());
        if (cancellation.cancelled() > 0) {
            tell(waiting, namespace, name);
        }
        return cancellation.leftOver();
    }

    private void tell(WaitingWorkerJob waiting, String namespace, String name) {
        WorkerJob job = new WorkerJob();
        job.setMetadata(new ObjectMetaBuilder()
                .withNamespace(namespace)
                .withName(name)
                .withUid(waiting.uid().toString())
                .build());
        events.normal(job, "Cancelled", "it was deleted: what was left of it is cancelled");
    }

    private Set<String> uids(String namespace) {
        return client.resources(WorkerJob.class).inNamespace(namespace).list().getItems().stream()
                .filter(job -> !job.isMarkedForDeletion())
                .map(job -> job.getMetadata().getUid())
                .collect(Collectors.toSet());
    }
}
