package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** One key of a Secret of the same namespace. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record SecretKeyRef(
        @Required @Size(min = 1, max = 253) @Pattern(SecretRef.NAME_PATTERN)
        String name,

        @Default("ca.crt") @Pattern("^[-._a-zA-Z0-9]+$") @Size(max = 253)
        String key) {

    public SecretKeyRef(String name, @Nullable String key) {
        this.name = name;
        this.key = key == null ? "ca.crt" : key;
    }
}
