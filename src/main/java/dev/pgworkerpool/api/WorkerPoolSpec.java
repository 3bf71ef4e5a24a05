package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a {@link WorkerPool} should be. Fields that were left out have their defaults here as well as in the CRD. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record WorkerPoolSpec(
        @Required DatabaseSpec database,
        @Default("8") @Min(1) @Max(1000) Integer slots,
        @Size(max = 256) List<LoginSpec> logins,
        WorkerSpec worker,
        RetentionSpec retention,
        @Default("false") Boolean suspend) {

    private static final int DEFAULT_SLOTS = 8;

    @SuppressWarnings("ConstantValue") // Jackson passes null for what was left out
    public WorkerPoolSpec(
            DatabaseSpec database,
            @Nullable Integer slots,
            @Nullable List<LoginSpec> logins,
            @Nullable WorkerSpec worker,
            @Nullable RetentionSpec retention,
            @Nullable Boolean suspend) {
        this.database = database;
        this.slots = slots == null ? DEFAULT_SLOTS : slots;
        this.logins = logins == null ? List.of() : List.copyOf(logins);
        this.worker = worker == null ? WorkerSpec.defaults() : worker;
        this.retention = retention == null ? RetentionSpec.defaults() : retention;
        this.suspend = suspend != null && suspend;
    }
}
