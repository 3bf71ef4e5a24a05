package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.TlsSpec;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.status.Readiness;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a pass that went through says of its pool. */
final class PoolReadiness {
    private static final int LATE_SHOWN = 3;

    private PoolReadiness() {}

    static Readiness of(PoolPass pass, JobQueue queue) {
        LivePool live = pass.live();
        List<String> troubles = troubles(pass);
        String more = troubles.stream().map(words -> "; " + words).collect(Collectors.joining());
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
        if (live.backOffs.anyNeverStarted() || !live.late.isEmpty()) {
            return Readiness.reconciling("WorkersNotStarting", String.join("; ", troubles));
        }
        return Readiness.ready("Ready", connected(pass, queue) + more);
    }

    private static List<String> troubles(PoolPass pass) {
        LivePool live = pass.live();
        Stream<String> late = live.late.values().stream().map(LateWorker::words).limit(LATE_SHOWN);
        return Stream.of(live.backOffs.inWords().stream(), late, MissingLogins.shown(pass).stream())
                .flatMap(Function.identity())
                .toList();
    }

    private static String connected(PoolPass pass, JobQueue queue) {
        DatabaseSpec database = pass.pool().getSpec().database();
        String place = "connected to " + database.host() + ":" + database.port() + "/" + database.name();
        boolean plain = database.tls().mode() == TlsSpec.Mode.PREFER
                && !pass.live().encrypted.get(true, pass.now(), queue::encrypted);
        return plain ? place + ", unencrypted (tls.mode is prefer, and the server offers no TLS)" : place;
    }
}
