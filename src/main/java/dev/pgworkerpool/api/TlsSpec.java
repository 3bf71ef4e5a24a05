package dev.pgworkerpool.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How the link to the database is protected: libpq's {@code sslmode}, and the authority that signed the server's certificate. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record TlsSpec(
        @JsonPropertyDescription("As sslmode of libpq.") @Default("prefer")
        Mode mode,

        @JsonPropertyDescription("The authority that signed the server's certificate.") @Nullable
        SecretKeyRef caSecretRef) {

    /** The modes of libpq, save {@code allow}. */
    public enum Mode {
        @JsonProperty("disable")
        DISABLE,
        @JsonProperty("prefer")
        PREFER,
        @JsonProperty("require")
        REQUIRE,
        @JsonProperty("verify-ca")
        VERIFY_CA,
        @JsonProperty("verify-full")
        VERIFY_FULL;

        /** The value of libpq's and pgjdbc's {@code sslmode}. */
        public String sslmode() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        public boolean verifies() {
            return this == VERIFY_CA || this == VERIFY_FULL;
        }
    }

    public TlsSpec(@Nullable Mode mode, @Nullable SecretKeyRef caSecretRef) {
        this.mode = mode == null ? Mode.PREFER : mode;
        this.caSecretRef = caSecretRef;
    }

    public static TlsSpec defaults() {
        return new TlsSpec(null, null);
    }
}
