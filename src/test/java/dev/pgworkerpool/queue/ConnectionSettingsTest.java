package dev.pgworkerpool.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.SecretRef;
import dev.pgworkerpool.api.TlsSpec;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionSettingsTest {
    @Test
    void the_password_is_in_neither_the_url_nor_the_text() {
        ConnectionSettings settings = settings("db", "library", TlsSpec.Mode.PREFER);
        assertThat(settings.url()).isEqualTo("jdbc:postgresql://db:5432/library");
        assertThat(settings.toString()).isEqualTo("operator@db:5432/library");
    }

    @Test
    void odd_names_of_databases_stay_names() {
        assertThat(settings("db", "a/b?ssl=false&x", TlsSpec.Mode.PREFER).url())
                .isEqualTo("jdbc:postgresql://db:5432/a%2Fb%3Fssl%3Dfalse%26x");
    }

    @Test
    void an_ipv6_address_is_bracketed() {
        assertThat(settings("::1", "library", TlsSpec.Mode.PREFER).url()).startsWith("jdbc:postgresql://[::1]:5432/");
    }

    @ParameterizedTest
    @ValueSource(strings = {"db/x?socketFactory=evil", "a,b", "user@db", "db?x", ""})
    void a_host_that_is_more_than_a_host_is_refused(String host) {
        assertThatIllegalArgumentException().isThrownBy(() -> settings(host, "library", TlsSpec.Mode.PREFER));
    }

    @Test
    void every_wait_is_bounded() {
        assertThat(settings("db", "library", TlsSpec.Mode.PREFER).properties(null))
                .containsEntry("connectTimeout", "5")
                .containsEntry("socketTimeout", "30")
                .containsEntry(
                        "options",
                        "-c lock_timeout=2000 -c statement_timeout=30s -c idle_session_timeout=0"
                                + " -c enable_seqscan=off -c jit=off -c default_transaction_isolation=read\\ committed");
    }

    @Test
    void verification_uses_the_given_authority_and_else_those_of_the_jvm() {
        ConnectionSettings settings = settings("db", "library", TlsSpec.Mode.VERIFY_FULL);
        assertThat(settings.properties(Path.of("/ca.pem")))
                .containsEntry("sslmode", "verify-full")
                .containsEntry("sslrootcert", "/ca.pem")
                .doesNotContainKey("sslfactory");
        assertThat(settings.properties(null)).containsEntry("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
    }

    private static ConnectionSettings settings(String host, String database, TlsSpec.Mode mode) {
        return new ConnectionSettings(
                new DatabaseSpec(host, null, database, new SecretRef("s"), new TlsSpec(mode, null)),
                "operator",
                "secret",
                null,
                "test");
    }
}
