package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long ended jobs stay in the database.
 *
 * @param done of jobs that ended well
 * @param failed of jobs that failed or were cancelled
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record RetentionSpec(
        @JsonPropertyDescription("Of jobs that ended well.") @Default("168h") @Pattern(Timespan.PATTERN)
        String done,

        @JsonPropertyDescription("Of jobs that failed or were cancelled.") @Default("720h") @Pattern(Timespan.PATTERN)
        String failed) {

    public RetentionSpec(@Nullable String done, @Nullable String failed) {
        this.done = done == null ? "168h" : done;
        this.failed = failed == null ? "720h" : failed;
    }

    public static RetentionSpec defaults() {
        return new RetentionSpec(null, null);
    }

    public Duration keepDone() {
        return Timespan.parse(done);
    }

    public Duration keepFailed() {
        return Timespan.parse(failed);
    }
}
