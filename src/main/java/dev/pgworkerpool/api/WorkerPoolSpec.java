package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
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
        @JsonPropertyDescription("The database whose queued jobs are run.") @Required
        DatabaseSpec database,

        @JsonPropertyDescription("How many worker pods may run at once.") @Default("8") @Min(1) @Max(1000)
        Integer slots,

        @JsonPropertyDescription("Whose jobs may run.") @Size(max = 256)
        List<LoginSpec> logins,

        @JsonPropertyDescription("How worker pods look.") WorkerSpec worker,

        @JsonPropertyDescription("How long ended jobs stay in the database.")
        RetentionSpec retention,

        @JsonPropertyDescription("True: no worker starts; what runs goes on to its end.") @Default("false")
        Boolean suspend) {

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
