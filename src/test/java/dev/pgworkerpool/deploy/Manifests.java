package dev.pgworkerpool.deploy;

import dev.pgworkerpool.demo.Kubectl;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The objects that a kustomization makes. Those that name no namespace are in {@value #CURRENT}. */
record Manifests(List<HasMetadata> objects) {
    static final String CURRENT = "default";

    static Manifests of(String kustomization, Kubectl kubectl, KubernetesClient client) throws Exception {
        String yaml = String.join("\n", kubectl.run("kustomize", kustomization));
        List<HasMetadata> objects = client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
                .items();
        objects.stream()
                .map(HasMetadata::getMetadata)
                .filter(metadata -> metadata.getNamespace() == null)
                .forEach(metadata -> metadata.setNamespace(CURRENT));
        return new Manifests(objects);
    }

    <T extends HasMetadata> List<T> all(Class<T> kind) {
        return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    Deployment operator() {
        return all(Deployment.class).getFirst();
    }

    Container container() {
        return operator().getSpec().getTemplate().getSpec().getContainers().getFirst();
    }

    EnvVar environment(String name) {
        return container().getEnv().stream()
                .filter(variable -> variable.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** The namespaces that the operator watches. */
    Stream<String> watched() {
        EnvVar watched = environment("QUARKUS_OPERATOR_SDK_NAMESPACES");
        return watched.getValue() == null
                ? Stream.of(Objects.requireNonNull(operator().getMetadata().getNamespace()))
                : Stream.of(watched.getValue().split(","));
    }
}
