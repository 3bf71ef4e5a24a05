package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import org.jspecify.annotations.Nullable;

/** Where the database is and how the operator logs in. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record DatabaseSpec(
        @JsonPropertyDescription("A name or an address.")
        @Required
        @Pattern(DatabaseSpec.HOST_PATTERN)
        @Size(min = 1, max = 253)
        String host,

        @Default("5432") @Min(1) @Max(65535) Integer port,

        @JsonPropertyDescription("Of the database.") @Required @Size(min = 1, max = 63)
        String name,

        @JsonPropertyDescription("The operator's login, which owns schema worker_pool.") @Required
        SecretRef secretRef,

        @JsonPropertyDescription("How the link is protected.")
        TlsSpec tls) {

    /** A name or an address. Not more: a host ends up in a URL, which takes parameters. */
    public static final String HOST_PATTERN = "^[-._:a-zA-Z0-9]+$";

    private static final int DEFAULT_PORT = 5432;

    public DatabaseSpec(String host, @Nullable Integer port, String name, SecretRef secretRef, @Nullable TlsSpec tls) {
        this.host = host;
        this.port = port == null ? DEFAULT_PORT : port;
        this.name = name;
        this.secretRef = secretRef;
        this.tls = tls == null ? TlsSpec.defaults() : tls;
    }
}
