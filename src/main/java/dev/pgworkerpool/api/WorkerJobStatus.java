package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a {@link WorkerJob} is.
 *
 * @param queue the uid of the queue that it was put into; another database has another one
 * @param jobIds its rows in {@code worker_pool.jobs}, one a statement, in order; present once it was queued
 * @param done statements that succeeded and all of them, for people: {@code 1/2}
 * @param attempts begun so far, of all statements
 * @param position of its first statement that has not ended, among the jobs of its worker: 0 runs, 1 is next
 * @param message why it waits or how it ended, in words
 * @param queuedAt RFC 3339, like the other times
 * @param failure of the first statement that failed
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record WorkerJobStatus(
        @Nullable Long observedGeneration,
        @Nullable Phase phase,
        @Nullable String queue,
        @Nullable List<Long> jobIds,
        @Nullable @Min(0) @Max(Integer.MAX_VALUE) Integer succeeded,
        @Nullable @Min(0) @Max(Integer.MAX_VALUE) Integer total,
        @Nullable String done,
        @Nullable @Min(0) @Max(Integer.MAX_VALUE) Integer attempts,
        @Nullable @Min(0) @Max(Integer.MAX_VALUE) Long position,
        @Nullable String message,
        @Nullable String queuedAt,
        @Nullable String startedAt,
        @Nullable String finishedAt,
        @Nullable Failure failure,
        @Nullable List<Condition> conditions) {

    /** One word for where it is. */
    public enum Phase {
        Pending,
        Queued,
        Running,
        Succeeded,
        Failed,
        Cancelled,
        Suspended;

        /** Whether nothing changes any more. */
        public boolean ended() {
            return this == Succeeded || this == Failed || this == Cancelled;
        }
    }

    /**
     * A statement that failed.
     *
     * @param statement which one, counted from 1
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Failure(
            @Min(0) @Max(Integer.MAX_VALUE) int statement,
            @Nullable String sqlState,
            @Nullable String message) {}
}
