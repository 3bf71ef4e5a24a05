package dev.pgworkerpool.demo;

import dev.pgworkerpool.demo.DemoDatabase.Login;

/** The WorkerPool of the demo with the Secrets that it names. */
final class DemoPool {
    static final String NAME = "library";

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

    static void create(DemoNamespace namespace, DemoDatabase database) {
        namespace.apply(secret("library-operator", database.operator));
        namespace.apply(secret("library-alice", database.alice));
        namespace.apply(secret("library-bob", database.bobsCompanion));
        namespace.apply(POOL.formatted(database.host(), database.port()));
    }

    private static String secret(String name, Login login) {
        return SECRET.formatted(name, login.role(), login.password());
    }
}
