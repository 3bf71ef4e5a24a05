package dev.pgworkerpool.system;

import dev.pgworkerpool.Command;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A privileged shell on the node of the cluster, for what the API has no verb for. In a namespace of its own. */
final class NodeShell implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String POD = "shell";

    private final KubernetesClient client;
    private final String namespace = "e2e-node-" + UUID.randomUUID().toString().substring(0, 8);

    NodeShell(KubernetesClient client) {
        this.client = client;
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(namespace)
                        .addToLabels("pod-security.kubernetes.io/enforce", "privileged")
                        .endMetadata()
                        .build())
                .create();
        var shell = client.resource("""
                apiVersion: v1
                kind: Pod
                metadata: {name: shell}
                spec:
                  hostPID: true
                  terminationGracePeriodSeconds: 0
                  automountServiceAccountToken: false
                  containers:
                    - name: shell
                      image: busybox:1.36
                      command: [sleep, infinity]
                      securityContext: {privileged: true}
                """).inNamespace(namespace);
        shell.create();
        client.pods().inNamespace(namespace).withName(POD).waitUntilReady(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** {@code signal} to all processes of this pod that run this command; does nothing when there is none. */
    void signal(Pod pod, String command, String signal) throws IOException {
        run("for p in %s; do grep -qx %s /proc/$p/comm && kill -%s $p; done; true"
                .formatted(processes(pod), command, signal));
    }

    /** Nothing gets to this pod, and nothing from it, for so long. Returns when it is over. */
    void cutNetwork(Pod pod, Duration duration) throws IOException {
        run("""
                set -eu
                p=$(echo %s | cut -d' ' -f1)
                [ -n "$p" ]
                in="nsenter -t $p -n"
                route=$($in ip route | grep ^default)
                $in ip link set eth0 down
                sleep %d
                $in ip link set eth0 up
                $in ip route add $route || true
                """.formatted(processes(pod), duration.toSeconds()));
    }

    private static String processes(Pod pod) {
        var uid = pod.getMetadata().getUid();
        return "$(grep -lE '%s|%s' /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3)"
                .formatted(uid, uid.replace('-', '_'));
    }

    private String run(String script) throws IOException {
        return Command.of("kubectl", "-n", namespace, "exec", POD, "--", "sh", "-c", script)
                .run();
    }

    @Override
    public void close() {
        client.namespaces().withName(namespace).delete();
    }
}
