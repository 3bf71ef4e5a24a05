package dev.pgworkerpool.queue;

import java.util.UUID;

/**
 * A WorkerJob some of whose statements wait.
 *
 * @param origin {@code workerjob/<namespace>/<name>}
 */
public record WaitingWorkerJob(UUID uid, String origin) {}
