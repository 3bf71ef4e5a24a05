package dev.pgworkerpool.worker;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the pod's environment says. No secret is among it: credentials are files.
 *
 * @param worker the name whose queue is drained
 * @param pod the name of the pod, for those who look
 * @param sslMode as in libpq
 * @param certificateAuthority file with the certificates to trust; null: those of the Java platform
 * @param credentials folder with the mounted logins
 * @param idleTimeout how long to wait for another job before the pod ends
 * @param yieldAfter how long it may have its slot while others wait for one; zero: for ever
 * @param gracePeriod between SIGTERM and SIGKILL
 */
record WorkerSettings(
        String worker,
        String pod,
        String host,
        int port,
        String database,
        String sslMode,
        @Nullable Path certificateAuthority,
        Path credentials,
        Duration idleTimeout,
        Duration yieldAfter,
        Duration gracePeriod) {

    static WorkerSettings from(Map<String, String> environment) throws WorkerEnds {
        var ca = environment.get("PGWP_CA");
        return new WorkerSettings(
                required(environment, "PGWP_WORKER"),
                required(environment, "PGWP_POD"),
                required(environment, "PGWP_HOST"),
                (int) number(environment, "PGWP_PORT", 5432),
                required(environment, "PGWP_DATABASE"),
                environment.getOrDefault("PGWP_SSLMODE", "prefer"),
                ca == null ? null : Path.of(ca),
                Path.of(required(environment, "PGWP_CREDENTIALS")),
                Duration.ofMillis(number(environment, "PGWP_IDLE_TIMEOUT", 0)),
                Duration.ofMillis(number(environment, "PGWP_YIELD_AFTER", 0)),
                Duration.ofSeconds(number(environment, "PGWP_GRACE_PERIOD", 30)));
    }

    private static String required(Map<String, String> environment, String name) throws WorkerEnds {
        var value = environment.get(name);
        if (value == null || value.isEmpty()) {
            throw new WorkerEnds(Outcome.UNEXPECTED, "environment variable " + name + " is not set");
        }
        return value;
    }

    private static long number(Map<String, String> environment, String name, long otherwise) throws WorkerEnds {
        var value = environment.get(name);
        try {
            return value == null ? otherwise : Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new WorkerEnds(Outcome.UNEXPECTED, "environment variable " + name + " is no number: " + value, e);
        }
    }
}
