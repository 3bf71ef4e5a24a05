package dev.pgworkerpool.demo;

import dev.pgworkerpool.demo.DemoDatabase.Login;
import io.fabric8.kubernetes.client.KubernetesClient;

/** The WorkerPool of the demo with the Secrets that it names. */
final class DemoPool {
    static final String NAME = "library";
    static final String NAMESPACE = "default";

    private static final String SECRET = """
            apiVersion: v1
            kind: Secret
            metadata:
              name: %s
            type: kubernetes.io/basic-auth
            stringData:
              username: %s
              password: %s
            """;

    private static final String POOL = """
            apiVersion: pgworkerpool.dev/v1alpha1
            kind: WorkerPool
            metadata:
              name: library
            spec:
              database:
                host: %s
                port: %d
                name: library
                secretRef: {name: library-operator}
              slots: 8
              logins:
                - secretRef: {name: library-alice}
                - secretRef: {name: library-bob}
                  role: bob
            """;

    private DemoPool() {}

    static void create(KubernetesClient client, DemoDatabase database) {
        apply(client, secret("library-operator", database.operator));
        apply(client, secret("library-alice", database.alice));
        apply(client, secret("library-bob", database.bobsCompanion));
        apply(client, POOL.formatted(database.host(), database.port()));
    }

    private static String secret(String name, Login login) {
        return SECRET.formatted(name, login.role(), login.password());
    }

    /** Creates or updates one object in the demo's namespace. */
    static void apply(KubernetesClient client, String yaml) {
        client.resource(yaml).inNamespace(NAMESPACE).serverSideApply();
    }
}
