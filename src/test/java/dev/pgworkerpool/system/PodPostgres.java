package dev.pgworkerpool.system;

import dev.pgworkerpool.Command;
import dev.pgworkerpool.postgres.PostgresServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.LocalPortForward;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL as a pod and a Service, under restricted Pod Security. The tests reach it at the pod's address where that can be
 * reached, and by a port-forward elsewhere. It can be stopped and started in its pod, with its data.
 */
final class PodPostgres implements PostgresServer {
    private static final String IMAGE = System.getProperty("postgres.image", "postgres:18");
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int PORT = 5432;
    private static final Duration TIME_TO_CONNECT = Duration.ofSeconds(1);

    private final KubernetesClient client;
    private final String namespace;
    private final String name;
    private final String superuserPassword = UUID.randomUUID().toString();
    private @Nullable LocalPortForward forward;
    private String podAddress = "";

    private PodPostgres(KubernetesClient client, String namespace, String name) {
        this.client = client;
        this.namespace = namespace;
        this.name = name;
    }

    /** Returns when it answers. */
    static PodPostgres start(KubernetesClient client, String namespace, String name) {
        var server = new PodPostgres(client, namespace, name);
        server.create();
        server.connect();
        return server;
    }

    private void create() {
        client.load(new java.io.ByteArrayInputStream("""
                apiVersion: v1
                kind: Service
                metadata: {name: %1$s}
                spec: {selector: {app: %1$s}, ports: [{port: 5432}]}
                ---
                apiVersion: v1
                kind: Pod
                metadata: {name: %1$s, labels: {app: %1$s}}
                spec:
                  terminationGracePeriodSeconds: 1
                  automountServiceAccountToken: false
                  securityContext:
                    runAsNonRoot: true
                    runAsUser: 999
                    fsGroup: 999
                    seccompProfile: {type: RuntimeDefault}
                  containers:
                    - name: postgres
                      image: %2$s
                      # A shell goes on when the server is stopped, and buries the dead.
                      command:
                        - bash
                        - -c
                        - |
                          docker-entrypoint.sh postgres -c fsync=off -c max_connections=300 &
                          while true; do wait; sleep 1; done
                      env:
                        - {name: POSTGRES_PASSWORD, value: "%3$s"}
                        - {name: PGDATA, value: /var/lib/postgresql/data/pgdata}
                      ports: [{containerPort: 5432}]
                      # While it is made, the server listens on no port. A command would cost a process each time.
                      readinessProbe:
                        tcpSocket: {port: 5432}
                        periodSeconds: 1
                      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
                      volumeMounts:
                        - {name: data, mountPath: /var/lib/postgresql/data}
                        - {name: run, mountPath: /var/run/postgresql}
                  volumes:
                    - {name: data, emptyDir: {}}
                    - {name: run, emptyDir: {}}
                """.formatted(name, IMAGE, superuserPassword)
                        .getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .inNamespace(namespace)
                .create();
        client.pods().inNamespace(namespace).withName(name).waitUntilReady(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private void connect() {
        var address = pod().getStatus().getPodIP();
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, PORT), (int) TIME_TO_CONNECT.toMillis());
            podAddress = address;
        } catch (IOException e) {
            forward = client.pods().inNamespace(namespace).withName(name).portForward(PORT);
        }
        awaitAnswer(PATIENCE);
    }

    Pod pod() {
        return client.pods().inNamespace(namespace).withName(name).get();
    }

    @Override
    public String host() {
        return forward == null ? podAddress : "127.0.0.1";
    }

    @Override
    public int port() {
        return forward == null ? PORT : forward.getLocalPort();
    }

    @Override
    public String hostInCluster() {
        return "%s.%s.svc".formatted(name, namespace);
    }

    @Override
    public int portInCluster() {
        return PORT;
    }

    @Override
    public String superuserPassword() {
        return superuserPassword;
    }

    @Override
    public void start() {
        pgCtl("start -l /tmp/postgres.log");
        awaitAnswer(PATIENCE);
    }

    @Override
    public void stop() {
        pgCtl("stop -m fast");
    }

    @Override
    public void restartImmediately() {
        pgCtl("restart -m immediate -l /tmp/postgres.log");
        awaitAnswer(PATIENCE);
    }

    private void pgCtl(String action) {
        try {
            Command.of("kubectl", "-n", namespace, "exec", name, "--", "bash", "-c", "pg_ctl -w -s " + action)
                    .run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (forward != null) {
            try {
                forward.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        client.pods().inNamespace(namespace).withName(name).delete();
        client.services().inNamespace(namespace).withName(name).delete();
    }
}
