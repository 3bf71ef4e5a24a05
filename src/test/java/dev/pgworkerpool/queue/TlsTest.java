package dev.pgworkerpool.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.SecretRef;
import dev.pgworkerpool.api.TlsSpec;
import dev.pgworkerpool.api.TlsSpec.Mode;
import dev.pgworkerpool.postgres.CertificateAuthority;
import dev.pgworkerpool.postgres.EmbeddedPostgres;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The operator's link to a server that has a certificate for its address and none for its name, and to one without TLS. */
class TlsTest {
    private static final String NAME = "localhost";

    private static CertificateAuthority authority;
    private static CertificateAuthority stranger;
    private static QueueDatabase database;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        authority = CertificateAuthority.create(folder.resolve("authority"));
        stranger = CertificateAuthority.create(folder.resolve("stranger"));
        var settings = new HashMap<>(authority.serverSettings("ip:" + EmbeddedPostgres.HOST));
        settings.put("fsync", "off");
        database = QueueDatabase.on(EmbeddedPostgres.start(folder.resolve("postgres"), settings));
    }

    @AfterAll
    static void stop() {
        database.server().close();
    }

    @ParameterizedTest
    @CsvSource({"PREFER, true", "REQUIRE, true", "VERIFY_CA, true", "VERIFY_FULL, true", "DISABLE, false"})
    void each_mode_gets_the_encryption_that_it_asks_for(Mode mode, boolean encrypted) throws Exception {
        assertThat(encrypted(EmbeddedPostgres.HOST, mode, authority)).isEqualTo(encrypted);
    }

    @Test
    void a_certificate_for_another_name_is_refused_by_full_verification_only() throws Exception {
        assertThat(encrypted(NAME, Mode.VERIFY_CA, authority)).isTrue();
        assertThatThrownBy(() -> encrypted(NAME, Mode.VERIFY_FULL, authority))
                .isInstanceOf(DatabaseProblem.class)
                .hasMessageContaining("hostname");
    }

    @ParameterizedTest
    @EnumSource(names = {"VERIFY_CA", "VERIFY_FULL"})
    void a_certificate_of_another_authority_is_refused_where_it_is_verified(Mode mode) throws Exception {
        assertThatThrownBy(() -> encrypted(EmbeddedPostgres.HOST, mode, stranger))
                .isInstanceOf(DatabaseProblem.class)
                .hasMessageContaining("PKIX path");
        assertThatThrownBy(() -> encrypted(EmbeddedPostgres.HOST, mode, null))
                .as("those that Java trusts")
                .isInstanceOf(DatabaseProblem.class)
                .hasMessageContaining("PKIX path");
        assertThat(encrypted(EmbeddedPostgres.HOST, Mode.REQUIRE, stranger)).isTrue();
    }

    @Test
    void a_server_without_TLS_is_refused_unless_it_was_only_preferred(@TempDir Path folder) throws Exception {
        try (var server = EmbeddedPostgres.start(folder);
                var plain = QueueDatabase.on(server)) {
            assertThat(encrypted(plain, EmbeddedPostgres.HOST, Mode.PREFER, authority))
                    .isFalse();
            for (var mode : new Mode[] {Mode.REQUIRE, Mode.VERIFY_CA, Mode.VERIFY_FULL}) {
                assertThatThrownBy(() -> encrypted(plain, EmbeddedPostgres.HOST, mode, authority))
                        .isInstanceOf(DatabaseProblem.class)
                        .hasMessageContaining("does not support SSL");
            }
        }
    }

    private static boolean encrypted(String host, Mode mode, @Nullable CertificateAuthority trusted) throws Exception {
        return encrypted(database, host, mode, trusted);
    }

    private static boolean encrypted(
            QueueDatabase database, String host, Mode mode, @Nullable CertificateAuthority trusted) throws Exception {
        var spec = new DatabaseSpec(
                host, database.server().port(), database.name(), new SecretRef("s"), new TlsSpec(mode, null));
        var settings = new ConnectionSettings(
                spec,
                QueueDatabase.OPERATOR,
                QueueDatabase.PASSWORD,
                trusted == null ? null : Files.readString(trusted.file()),
                "test");
        try (var pool = PoolDatabase.open(settings, new Deaf())) {
            return pool.queue().encrypted();
        }
    }
}
