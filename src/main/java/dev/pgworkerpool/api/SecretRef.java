package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** A Secret of the same namespace with the keys {@code username} and {@code password} (type kubernetes.io/basic-auth). */
@JsonIgnoreProperties(ignoreUnknown = true)
public record SecretRef(
        @Required @Size(min = 1, max = 253) @Pattern(NAME_PATTERN)
        String name) {

    /** What the Kubernetes API takes as the name of a Secret. */
    static final String NAME_PATTERN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
}
