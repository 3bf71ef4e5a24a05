package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.CertificateAuthority;
import dev.pgworkerpool.postgres.EmbeddedPostgres;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The links of a worker process to a server that has a certificate for its address and none for its name. */
class WorkerTlsTest {
    @Test
    void a_worker_verifies_the_server_before_it_says_a_password(@TempDir Path folder) throws Exception {
        var authority = CertificateAuthority.create(folder.resolve("authority"));
        var stranger = CertificateAuthority.create(folder.resolve("stranger"));
        var settings = new HashMap<>(authority.serverSettings("ip:" + EmbeddedPostgres.HOST));
        settings.put("fsync", "off");
        try (var server = EmbeddedPostgres.start(folder.resolve("postgres"), settings);
                var database = QueueDatabase.on(server);
                var workers = new TestWorkers(database, folder.resolve("credentials"))) {
            database.submit("alice", "foo", """
                    DO $$ BEGIN
                        ASSERT (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid());
                    END $$""");

            assertThat(run(workers, "verify-full", stranger, EmbeddedPostgres.HOST))
                    .isEqualTo(Outcome.DATABASE_GONE.exitCode());
            assertThat(run(workers, "verify-full", authority, "localhost")).isEqualTo(Outcome.DATABASE_GONE.exitCode());
            assertThat(database.look("SELECT status FROM worker_pool.jobs")).containsExactly("waiting");

            assertThat(run(workers, "verify-full", authority, EmbeddedPostgres.HOST))
                    .isEqualTo(Outcome.DRAINED.exitCode());
            assertThat(database.look("SELECT concat_ws(' ', status, error) FROM worker_pool.jobs"))
                    .containsExactly("done");
        }
    }

    private static int run(TestWorkers workers, String mode, CertificateAuthority trusted, String host)
            throws Exception {
        var worker = workers.start(
                "foo", Map.of("PGWP_SSLMODE", mode, "PGWP_CA", trusted.file().toString(), "PGWP_HOST", host));
        assertThat(worker.waitFor(60, TimeUnit.SECONDS)).as("the worker ends").isTrue();
        return worker.exitValue();
    }
}
