package dev.pgworkerpool.demo;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;

/** The namespace that the demo's objects are in. */
record DemoNamespace(KubernetesClient client) {
    static final String NAME = "default";

    private static final String API_VERSION = "pgworkerpool.dev/v1alpha1";

    /** Creates or updates one object. */
    void apply(String yaml) {
        client.resource(yaml).inNamespace(NAME).serverSideApply();
    }

    /** Whether the object exists and its condition Ready is true. */
    boolean isReady(String kind, String name) {
        var object = client.genericKubernetesResources(API_VERSION, kind)
                .inNamespace(NAME)
                .withName(name)
                .get();
        List<Map<String, Object>> conditions = object == null ? null : object.get("status", "conditions");
        return conditions != null
                && conditions.stream()
                        .anyMatch(condition ->
                                "Ready".equals(condition.get("type")) && "True".equals(condition.get("status")));
    }
}
