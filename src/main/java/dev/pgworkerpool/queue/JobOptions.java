package dev.pgworkerpool.queue;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The options of a queued job, as in {@code worker_pool.submit}.
 *
 * @param autocommit it runs outside a transaction
 * @param timeout of an attempt; null: none
 * @param maxAttempts at least 1
 * @param retryDelay before the second attempt; doubles each time
 * @param runAt it enters the order of its name then; null: at once
 * @param onFailure {@code continue}, {@code cancel_batch} or {@code pause}
 */
public record JobOptions(
        boolean autocommit,
        @Nullable Duration timeout,
        int maxAttempts,
        Duration retryDelay,
        @Nullable Instant runAt,
        String onFailure) {}
