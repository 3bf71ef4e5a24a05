package dev.pgworkerpool.operator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.pgworkerpool.api.DatabaseSpec;
import dev.pgworkerpool.api.LoginSpec;
import dev.pgworkerpool.api.SecretKeyRef;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.queue.ConnectionSettings;
import dev.pgworkerpool.queue.RoleLogin;
import dev.pgworkerpool.status.Readiness;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gets the Secrets that a pool names, one by one: the operator needs no right to list or watch Secrets. */
@ApplicationScoped
class CredentialReader {
    private static final String USERNAME = "username";
    private static final String PASSWORD = "password";

    private final KubernetesClient client;

    CredentialReader(KubernetesClient client) {
        this.client = client;
    }

    /** @throws PoolProblem when the operator's own login or the authority's certificate is missing */
    PoolCredentials read(WorkerPool pool) {
        String namespace = pool.getMetadata().getNamespace();
        DatabaseSpec database = pool.getSpec().database();
        String field = "spec.database.secretRef";
        Secret secret = secret(namespace, field, database.secretRef().name());
        ConnectionSettings connection = new ConnectionSettings(
                database,
                require(field, secret, USERNAME),
                require(field, secret, PASSWORD),
                caPem(namespace, database),
                "pg-worker-pool-operator " + pool.getMetadata().getName());
        List<RoleLogin> logins = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (LoginSpec login : pool.getSpec().logins()) {
            try {
                Secret own = secret(namespace, "spec.logins", login.secretRef().name());
                String username = require("spec.logins", own, USERNAME);
                require("spec.logins", own, PASSWORD);
                logins.add(new RoleLogin(login.role() == null ? username : login.role(), username));
            } catch (PoolProblem problem) {
                problems.add(problem.getMessage());
            }
        }
        return new PoolCredentials(connection, logins, problems);
    }

    private @Nullable String caPem(String namespace, DatabaseSpec database) {
        SecretKeyRef ca = database.tls().caSecretRef();
        if (ca == null) {
            return null;
        }
        String field = "spec.database.tls.caSecretRef";
        return require(field, secret(namespace, field, ca.name()), ca.key());
    }

    private Secret secret(String namespace, String field, String name) {
        Secret secret = client.secrets().inNamespace(namespace).withName(name).get();
        if (secret == null) {
            throw missing(field + ": there is no Secret \"" + name + "\"");
        }
        return secret;
    }

    private static String require(String field, Secret secret, String key) {
        String value = secret.getData() == null ? null : secret.getData().get(key);
        if (value == null || value.isEmpty()) {
            throw missing(field + ": Secret \"" + secret.getMetadata().getName() + "\" has no key \"" + key + "\"");
        }
        return new String(Base64.getDecoder().decode(value), UTF_8);
    }

    private static PoolProblem missing(String message) {
        return new PoolProblem(Readiness.reconciling("SecretNotFound", message));
    }
}
