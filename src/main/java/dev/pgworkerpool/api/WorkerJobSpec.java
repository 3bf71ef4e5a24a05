package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link WorkerJob} asks for. Immutable, save {@code suspend}.
 *
 * @param worker the worker's name: 1 to 63 bytes in UTF-8
 * @param role the role that queues and runs the statements; may be left out when the pool has exactly one login
 * @param ttlSecondsAfterFinished how long an ended WorkerJob stays; for ever when left out
 * @param suspend while true it isn't queued
 * @param autocommit each statement runs at top level, outside a transaction
 * @param timeout of each attempt of each statement; none when left out
 * @param maxAttempts of each statement
 * @param retryDelay before a statement's second attempt; doubles each time, to 1 h
 * @param runAt RFC 3339; its statements enter the order of its worker then
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
        value = "size(bytes(self.worker)) <= 63",
        message = "Worker name too long: it has more than 63 bytes",
        fieldPath = ".worker")
@ValidationRule(
        value = "self.poolRef == oldSelf.poolRef && self.worker == oldSelf.worker"
                + " && self.statements == oldSelf.statements && self.onFailure == oldSelf.onFailure"
                + " && has(self.role) == has(oldSelf.role) && (!has(self.role) || self.role == oldSelf.role)"
                + " && has(self.ttlSecondsAfterFinished) == has(oldSelf.ttlSecondsAfterFinished)"
                + " && (!has(self.ttlSecondsAfterFinished)"
                + " || self.ttlSecondsAfterFinished == oldSelf.ttlSecondsAfterFinished)"
                + " && self.autocommit == oldSelf.autocommit && self.maxAttempts == oldSelf.maxAttempts"
                + " && self.retryDelay == oldSelf.retryDelay && has(self.timeout) == has(oldSelf.timeout)"
                + " && (!has(self.timeout) || self.timeout == oldSelf.timeout)"
                + " && has(self.runAt) == has(oldSelf.runAt) && (!has(self.runAt) || self.runAt == oldSelf.runAt)",
        message = "the spec of a WorkerJob is immutable, save suspend. Create another WorkerJob instead")
public record WorkerJobSpec(
        @JsonPropertyDescription("A WorkerPool of this namespace.") @Required
        PoolRef poolRef,

        @JsonPropertyDescription("Its jobs run one after the other. 1 to 63 bytes.") @Required @Size(min = 1, max = 63)
        String worker,

        @JsonPropertyDescription("Queued together, run in order, each in a transaction of its own.")
        @Required
        @Size(min = 1, max = 100)
        List<@Size(min = 1, max = MAX_STATEMENT) String> statements,

        @JsonPropertyDescription(
                "Whose job it is: one of the logins of the pool. May be left out when there is one only.")
        @Nullable
        @Size(min = 1, max = 63)
        String role,

        @JsonPropertyDescription("What becomes of the statements after a failed one.") @Default("CancelRest")
        OnFailure onFailure,

        @JsonPropertyDescription("It is deleted so long after its end; never when left out.")
        @Nullable
        @Min(0)
        @Max(Integer.MAX_VALUE)
        Integer ttlSecondsAfterFinished,

        @JsonPropertyDescription("True: it isn't queued yet. Can't become true again once it is.") @Default("false")
        Boolean suspend,

        @JsonPropertyDescription("True: each statement runs at top level, outside a transaction, as VACUUM and CREATE"
                + " INDEX CONCURRENTLY need.")
        @Default("false")
        Boolean autocommit,

        @JsonPropertyDescription("Of each attempt of each statement, such as 10m; none when left out.")
        @Nullable
        @Pattern(Timespan.PATTERN)
        String timeout,

        @JsonPropertyDescription("How often each statement is tried. Interrupted attempts don't count.")
        @Default("1")
        @Min(1)
        @Max(Integer.MAX_VALUE)
        Integer maxAttempts,

        @JsonPropertyDescription("Before the second attempt of a statement, at most 1h. Doubles each time, to 1h.")
        @Default("10s")
        @Pattern(Timespan.PATTERN)
        String retryDelay,

        @JsonPropertyDescription(
                "The statements run at this time, or when their turn comes after it: 2026-12-01T00:00:00Z.")
        @Nullable
        @Pattern(RFC_3339)
        String runAt) {

    private static final String RFC_3339 =
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$";

    private static final String DEFAULT_RETRY_DELAY = "10s";

    /** Beyond etcd's own limit for an object; stated so that the cost of the rules above is bounded. */
    private static final long MAX_STATEMENT = 1_000_000;

    /** What becomes of the statements after a failed one. */
    public enum OnFailure {
        @JsonProperty("CancelRest")
        CANCEL_REST,
        @JsonProperty("Continue")
        CONTINUE,
        @JsonProperty("Pause")
        PAUSE
    }

    public WorkerJobSpec(
            PoolRef poolRef,
            String worker,
            List<String> statements,
            @Nullable String role,
            @Nullable OnFailure onFailure,
            @Nullable Integer ttlSecondsAfterFinished,
            @Nullable Boolean suspend,
            @Nullable Boolean autocommit,
            @Nullable String timeout,
            @Nullable Integer maxAttempts,
            @Nullable String retryDelay,
            @Nullable String runAt) {
        this.poolRef = poolRef;
        this.worker = worker;
        this.statements = List.copyOf(statements);
        this.role = role;
        this.onFailure = onFailure == null ? OnFailure.CANCEL_REST : onFailure;
        this.ttlSecondsAfterFinished = ttlSecondsAfterFinished;
        this.suspend = suspend != null && suspend;
        this.autocommit = autocommit != null && autocommit;
        this.timeout = timeout;
        this.maxAttempts = maxAttempts == null ? 1 : maxAttempts;
        this.retryDelay = retryDelay == null ? DEFAULT_RETRY_DELAY : retryDelay;
        this.runAt = runAt;
    }
}
