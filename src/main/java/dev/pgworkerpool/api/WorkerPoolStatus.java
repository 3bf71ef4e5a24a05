package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link WorkerPool} is. Counts are a second old at most while the database answers.
 *
 * @param slots taken and allowed, for people: {@code 3/8}
 * @param slotsInUse worker names that hold a slot: from their pod's creation to its end
 * @param runningWorkers worker pods that run
 * @param waitingWorkers worker names with waiting jobs that hold no slot
 * @param waitingJobs jobs that wait, whether or not their worker runs
 * @param oldestWaitingSince when the longest waiting job was submitted (RFC 3339)
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record WorkerPoolStatus(
        @Nullable Long observedGeneration,
        @Nullable String slots,
        @Nullable @Min(0) @Max(Integer.MAX_VALUE) Integer slotsInUse,
        @Nullable @Min(0) @Max(Integer.MAX_VALUE) Integer runningWorkers,
        @Nullable @Min(0) @Max(Integer.MAX_VALUE) Integer waitingWorkers,
        @Nullable @Min(0) @Max(Integer.MAX_VALUE) Long waitingJobs,
        @Nullable String oldestWaitingSince,
        @Nullable List<Condition> conditions) {}
