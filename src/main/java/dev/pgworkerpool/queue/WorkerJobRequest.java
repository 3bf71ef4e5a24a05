package dev.pgworkerpool.queue;

import java.util.List;
import java.util.UUID;

/**
 * A WorkerJob as the queue takes it.
 *
 * @param uid of the custom resource: whatever was queued under it once isn't queued again
 * @param origin what {@code worker_pool.jobs} shows as its origin
 * @param options of each of its statements
 */
public record WorkerJobRequest(
        UUID uid, String origin, String worker, List<String> statements, String role, JobOptions options) {}
