package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.crd.generator.annotation.PreserveUnknownFields;
import io.fabric8.crd.generator.annotation.SchemaFrom;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Toleration;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How worker pods look: the few fields of a pod that users change. Not a pod template: that alone would make the CRD ten
 * times as long, and most of its fields would break the worker.
 *
 * @param idleTimeout how long an idle worker stays before its pod ends
 * @param affinity as it was written: only the API server, which creates the pods, says whether it is one
 * @param yieldAfter how long a worker may have its slot while other names wait for one; 0s: for ever
 * @param ttlSecondsAfterFinished how long an ended Kubernetes Job stays to be looked at
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record WorkerSpec(
        @JsonPropertyDescription("The operator's own when left out.") @Nullable
        String image,

        @Nullable ImagePullPolicy imagePullPolicy,
        @Nullable List<LocalObjectReference> imagePullSecrets,

        @JsonPropertyDescription("How long an idle worker stays before its pod ends.")
        @Default("0s")
        @Pattern(Timespan.PATTERN)
        String idleTimeout,

        @JsonPropertyDescription("Its token is never mounted.") @Nullable
        String serviceAccountName,

        @Nullable ResourceRequirements resources,
        @Nullable Map<String, String> nodeSelector,
        @Nullable List<Toleration> tolerations,

        @JsonPropertyDescription("As of a pod.") @Nullable @PreserveUnknownFields @SchemaFrom(type = Object.class)
        Map<String, Object> affinity,

        @Nullable String priorityClassName,
        @Nullable Map<String, String> labels,
        @Nullable Map<String, String> annotations,
        @Nullable List<EnvVar> env,
        @Default("30") @Min(0) @Max(Integer.MAX_VALUE) Long terminationGracePeriodSeconds,

        @JsonPropertyDescription("How long an ended Kubernetes Job stays.")
        @Default("300")
        @Min(0)
        @Max(Integer.MAX_VALUE)
        Integer ttlSecondsAfterFinished,

        @JsonPropertyDescription(
                "While other names wait for a slot, a worker that has had its own so long ends after the"
                        + " job that runs, and queues up again. 0s: never.")
        @Default("60s")
        @Pattern(Timespan.PATTERN)
        String yieldAfter) {

    /** As of a container. */
    public enum ImagePullPolicy {
        Always,
        IfNotPresent,
        Never
    }

    private static final String NO_IDLE_TIME = "0s";
    private static final long DEFAULT_GRACE_SECONDS = 30;
    private static final int DEFAULT_TTL_SECONDS = 300;
    private static final String DEFAULT_YIELD_AFTER = "60s";

    @SuppressWarnings("ConstantValue") // Jackson passes null for what was left out
    public WorkerSpec {
        idleTimeout = idleTimeout == null ? NO_IDLE_TIME : idleTimeout;
        terminationGracePeriodSeconds =
                terminationGracePeriodSeconds == null ? DEFAULT_GRACE_SECONDS : terminationGracePeriodSeconds;
        ttlSecondsAfterFinished = ttlSecondsAfterFinished == null ? DEFAULT_TTL_SECONDS : ttlSecondsAfterFinished;
        yieldAfter = yieldAfter == null ? DEFAULT_YIELD_AFTER : yieldAfter;
    }

    public static WorkerSpec defaults() {
        return new WorkerSpec(
                null,
                null,
                null,
                NO_IDLE_TIME,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                DEFAULT_GRACE_SECONDS,
                DEFAULT_TTL_SECONDS,
                DEFAULT_YIELD_AFTER);
    }

    public Duration idleTime() {
        return Timespan.parse(idleTimeout);
    }

    public Duration longestTenure() {
        return Timespan.parse(yieldAfter);
    }
}
