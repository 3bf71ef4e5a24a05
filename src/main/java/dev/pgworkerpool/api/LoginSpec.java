package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/**
 * A role whose queued jobs may run.
 *
 * @param secretRef the login that worker pods connect as
 * @param role the role whose jobs they run; the login's own name when left out. Set it for a companion login.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LoginSpec(
        @JsonPropertyDescription("The login that worker pods connect as.") @Required
        SecretRef secretRef,

        @JsonPropertyDescription("The role whose jobs they run, if it isn't the login itself.")
        @Nullable
        @Size(min = 1, max = 63)
        String role) {}
