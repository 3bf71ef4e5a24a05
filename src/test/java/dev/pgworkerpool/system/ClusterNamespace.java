package dev.pgworkerpool.system;

import dev.pgworkerpool.Command;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A new namespace with restricted Pod Security on the cluster of the current kube context, and the shell of a user whose current
 * namespace it is. Closing it removes it with all that is in it.
 */
final class ClusterNamespace implements Scene, AutoCloseable {
    /** What {@code make} deploys; the cluster has to know it. */
    static final String IMAGE = System.getProperty("image", "pg-worker-pool-operator:0.1.0");

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private final KubernetesClient client;
    private final String name;
    private final Path kubeconfig;

    private ClusterNamespace(KubernetesClient client, String name, Path kubeconfig) {
        this.client = client;
        this.name = name;
        this.kubeconfig = kubeconfig;
    }

    /** With a name of its own. */
    static ClusterNamespace create() throws IOException {
        return create("e2e-" + UUID.randomUUID().toString().substring(0, 8));
    }

    /**
     * With this name.
     *
     * @throws IllegalStateException when it is there already: it may be somebody's
     */
    static ClusterNamespace create(String name) throws IOException {
        var namespace = new ClusterNamespace(new KubernetesClientBuilder().build(), name, kubeconfig(name));
        namespace.createOnCluster();
        return namespace;
    }

    private void createOnCluster() {
        var namespace = new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                // Says so, too, when a Deployment is applied whose pods would be refused.
                .addToLabels("pod-security.kubernetes.io/warn", "restricted")
                .endMetadata()
                .build();
        try {
            client.resource(namespace).create();
        } catch (KubernetesClientException e) {
            client.close();
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                throw new IllegalStateException(
                        "There is a namespace %1$s already. This test makes one and removes it with all that is in it. If nobody needs it: kubectl delete namespace %1$s"
                                .formatted(name),
                        e);
            }
            throw e;
        }
    }

    /** The current kube context, with another namespace. */
    private static Path kubeconfig(String namespace) throws IOException {
        var file = Files.createTempFile(namespace, ".kubeconfig");
        file.toFile().deleteOnExit();
        Files.writeString(
                file,
                Command.of("kubectl", "config", "view", "--raw", "--minify", "--flatten")
                        .run());
        Command.of("kubectl", "--kubeconfig=" + file, "config", "set-context", "--current", "--namespace=" + namespace)
                .run();
        return file;
    }

    /** As a user would type it; returns what it printed, errors included. */
    String shell(String commands) throws IOException {
        return run(List.of("sh", "-ec", commands), IMAGE);
    }

    /** The real kubectl, in this namespace; returns what it printed, errors included. */
    String kubectl(String... arguments) throws IOException {
        return run(Stream.concat(Stream.of("kubectl"), Stream.of(arguments)).toList(), IMAGE);
    }

    /** As a user would, with this image; returns what it printed, errors included. */
    String make(String target, String image) throws IOException {
        return run(List.of("make", target), image);
    }

    private String run(List<String> words, String image) throws IOException {
        return new Command(
                        words,
                        Map.of(
                                "KUBECONFIG",
                                kubeconfig.toString(),
                                "IMAGE",
                                image,
                                // Under `make e2e` these would make it a part of that.
                                "MAKEFLAGS",
                                "",
                                "MAKELEVEL",
                                ""))
                .run();
    }

    /** The objects of the namespace, but for Events: {@code pod/postgres}. */
    List<String> everything() throws IOException {
        var kinds = kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name")
                .lines()
                .filter(kind -> !kind.startsWith("events"))
                .collect(Collectors.joining(","));
        // Not the warnings about kinds that are going out of use.
        return kubectl("get", kinds, "-o", "name")
                .lines()
                .filter(line -> line.matches("\\S+/\\S+"))
                .sorted()
                .toList();
    }

    @Override
    public KubernetesClient client() {
        return client;
    }

    @Override
    public String namespace() {
        return name;
    }

    @Override
    public void keepLogs(Path folder) throws IOException {
        Files.writeString(folder.resolve("events.txt"), kubectl("get", "events", "--sort-by=.lastTimestamp"));
        Files.writeString(
                folder.resolve("describe.txt"), kubectl("describe", "deployments,jobs,pods,workerpools,workerjobs"));
        for (var pod : client.pods().inNamespace(name).list().getItems()) {
            var podName = pod.getMetadata().getName();
            Files.writeString(folder.resolve(podName + ".log"), logs(podName));
            Files.writeString(folder.resolve(podName + ".previous.log"), logs(podName, "--previous"));
        }
    }

    /** What kubectl says, which may be that there are none. */
    private String logs(String pod, String... options) {
        try {
            return kubectl(
                    Stream.concat(Stream.of("logs", pod), Stream.of(options)).toArray(String[]::new));
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** Returns when it is gone. */
    @Override
    public void close() {
        Diagnostics.forget(this);
        client.namespaces()
                .withName(name)
                .withTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .delete();
        client.close();
    }
}
