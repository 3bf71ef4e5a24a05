package dev.pgworkerpool.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.TlsSpec;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.util.Properties;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a database is and how the operator logs in. Two equal settings give equal connections.
 *
 * @param caPem the authority that signed the server's certificate; the JVM's own ones when null
 * @param applicationName what PostgreSQL shows in {@code pg_stat_activity}
 */
public record ConnectionSettings(
        DatabaseSpec database,
        String user,
        String password,
        @Nullable String caPem,
        String applicationName) {
    /** A URL takes parameters, some of which load classes. So a host is a name or an address, and nothing else. */
    private static final Pattern HOST = Pattern.compile(DatabaseSpec.HOST_PATTERN);

    private static final String CONNECT_SECONDS = "5";
    private static final String SOCKET_SECONDS = "30";
    /**
     * A submitter may hold locks on rows of its own jobs' names. What it asks for is found by indexes, also by a plan of the time when
     * the queue was short. The rest is not left to what suits the database's users.
     */
    private static final String OPTIONS = String.join(
            " ",
            "-c lock_timeout=2000",
            "-c statement_timeout=" + SOCKET_SECONDS + "s",
            "-c idle_session_timeout=0",
            "-c enable_seqscan=off",
            "-c jit=off",
            "-c default_transaction_isolation=read\\ committed");

    public ConnectionSettings {
        if (!HOST.matcher(database.host()).matches()) {
            throw new IllegalArgumentException("spec.database.host is neither a host name nor an address");
        }
    }

    String url() {
        String host = database.host().contains(":") ? "[" + database.host() + "]" : database.host();
        return "jdbc:postgresql://" + host + ":" + database.port() + "/" + URLEncoder.encode(database.name(), UTF_8);
    }

    /**
     * Properties of <a href="https://jdbc.postgresql.org/documentation/use/">pgjdbc</a>, without user and password. Every wait is
     * bounded: a database that doesn't answer must not hold a thread of the operator for long.
     *
     * @param caFile holds {@link #caPem}
     */
    Properties properties(@Nullable Path caFile) {
        Properties properties = new Properties();
        properties.setProperty("ApplicationName", applicationName);
        properties.setProperty("connectTimeout", CONNECT_SECONDS);
        properties.setProperty("loginTimeout", CONNECT_SECONDS);
        properties.setProperty("socketTimeout", SOCKET_SECONDS);
        properties.setProperty("options", OPTIONS);
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("gssEncMode", "disable");
        TlsSpec.Mode mode = database.tls().mode();
        properties.setProperty("sslmode", mode.sslmode());
        if (caFile != null) {
            properties.setProperty("sslrootcert", caFile.toString());
        } else if (mode.verifies()) {
            properties.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
        }
        return properties;
    }

    /** Names the place, never the password. */
    @Override
    public String toString() {
        return user + "@" + database.host() + ":" + database.port() + "/" + database.name();
    }
}
