package dev.pgworkerpool.queue;

/** A turn that holds a slot as far as the database knows. Its Kubernetes Job may be gone. */
public record OpenTurn(String worker, int turn, String jobName) {}
