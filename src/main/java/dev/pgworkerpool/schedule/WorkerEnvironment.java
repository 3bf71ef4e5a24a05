package dev.pgworkerpool.schedule;

import dev.pgworkerpool.api.Api;
import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.SecretKeyRef;
import dev.pgworkerpool.api.WorkerPoolSpec;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import java.util.ArrayList;
import java.util.List;

/**
 * The environment of the worker: which name to drain, where the database is, where the credentials are.
 *
 * <p>The worker's name comes by way of an annotation, because a value in {@code env} would be subject to {@code $(VAR)}
 * expansion, and a worker may be called {@code $(HOME)}.
 */
final class WorkerEnvironment {
    private static final String RESERVED = "PGWP_";

    private WorkerEnvironment() {}

    static List<EnvVar> of(WorkerPoolSpec spec) {
        DatabaseSpec database = spec.database();
        List<EnvVar> env = new ArrayList<>();
        // Java reads its environment in the locale's encoding, which is ASCII where none is set.
        env.add(new EnvVarBuilder().withName("LC_ALL").withValue("C.UTF-8").build());
        env.add(field("WORKER", "metadata.annotations['" + Api.WORKER_ANNOTATION + "']"));
        env.add(field("POD", "metadata.name"));
        env.add(value("HOST", database.host()));
        env.add(value("PORT", database.port().toString()));
        env.add(value("DATABASE", database.name()));
        env.add(value("SSLMODE", database.tls().mode().sslmode()));
        env.add(value("IDLE_TIMEOUT", Long.toString(spec.worker().idleTime().toMillis())));
        env.add(value("YIELD_AFTER", Long.toString(spec.worker().longestTenure().toMillis())));
        env.add(value(
                "GRACE_PERIOD", spec.worker().terminationGracePeriodSeconds().toString()));
        env.add(value("CREDENTIALS", CredentialFiles.FOLDER));
        SecretKeyRef ca = database.tls().caSecretRef();
        if (ca != null) {
            env.add(value("CA", CredentialFiles.CA_FOLDER + "/" + ca.key()));
        }
        env.addAll(users(spec));
        return env;
    }

    /** The user's own, save names that are ours: the last of two equal names would win. */
    private static List<EnvVar> users(WorkerPoolSpec spec) {
        List<EnvVar> env = spec.worker().env();
        return env == null
                ? List.of()
                : env.stream()
                        .filter(var -> !var.getName().startsWith(RESERVED))
                        .toList();
    }

    /** Kubernetes reads {@code $$} as a dollar sign, so that a database may be called {@code $(HOME)}, too. */
    private static EnvVar value(String name, String value) {
        return new EnvVarBuilder()
                .withName(RESERVED + name)
                .withValue(value.replace("$", "$$"))
                .build();
    }

    private static EnvVar field(String name, String path) {
        return new EnvVarBuilder()
                .withName(RESERVED + name)
                .withNewValueFrom()
                .withNewFieldRef()
                .withFieldPath(path)
                .endFieldRef()
                .endValueFrom()
                .build();
    }
}
