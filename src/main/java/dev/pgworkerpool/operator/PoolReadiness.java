package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.TlsSpec;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.status.Readiness;
import java.util.List;

/** What a pass that went through says of its pool. */
final class PoolReadiness {
    private PoolReadiness() {}

    static Readiness of(PoolPass pass, JobQueue queue) {
        LivePool live = pass.live();
        String more = live.troubles.inWords().map(words -> "; " + words).orElse("");
        if (pass.pool().getSpec().suspend()) {
            return Readiness.halted("Suspended", "no worker starts while spec.suspend is true" + more);
        }
        List<String> missingSecrets = live.credentialProblems();
        if (!missingSecrets.isEmpty()) {
            return Readiness.reconciling("SecretNotFound", String.join("; ", missingSecrets) + more);
        }
        List<String> refused = live.refusedLogins();
        if (!refused.isEmpty()) {
            return Readiness.reconciling("LoginRefused", String.join("; ", refused) + more);
        }
        if (live.troubles.anyNeverStarted()) {
            return Readiness.reconciling(
                    "WorkersNotStarting", live.troubles.inWords().orElse(""));
        }
        return Readiness.ready("Ready", connected(pass, queue) + more);
    }

    private static String connected(PoolPass pass, JobQueue queue) {
        DatabaseSpec database = pass.pool().getSpec().database();
        String place = "connected to " + database.host() + ":" + database.port() + "/" + database.name();
        boolean plain = database.tls().mode() == TlsSpec.Mode.PREFER
                && !pass.live().encrypted.get(true, pass.now(), queue::encrypted);
        return plain ? place + ", unencrypted (tls.mode is prefer, and the server offers no TLS)" : place;
    }
}
