package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A {@link WorkerPool} of the same namespace. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record PoolRef(@Required @Size(min = 1, max = 63) String name) {}
