package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;

/** The Node object: whether the node is there and which pods it takes. */
final class NodeStatus {
    private final ObjectApi api;
    private final String name;

    NodeStatus(ObjectApi api, String name) {
        this.api = api;
        this.name = name;
        api.create(ResourceTypes.NODES, null, newNode(), WriteOptions.INTERNAL);
    }

    private ObjectNode newNode() {
        var node = Json.object();
        Json.metadata(node).put("name", name);
        node.withObject("/metadata/labels")
                .put("kubernetes.io/hostname", name)
                .put("kubernetes.io/os", "linux")
                .put("kubernetes.io/arch", "amd64");
        return node;
    }

    void report(boolean ready) {
        api.edit(ResourceTypes.NODES, ResourceTypes.NODES.key(null, name), "status", node -> {
            var status = node.withObject("/status");
            status.withObject("/nodeInfo").put("kubeletVersion", Json.text(Discovery.version(), "gitVersion"));
            status.withObject("/capacity")
                    .put("cpu", "64")
                    .put("memory", "256Gi")
                    .put("pods", "1000");
            status.putArray("conditions")
                    .addObject()
                    .put("type", "Ready")
                    .put("status", ready ? "True" : "Unknown")
                    .put("lastHeartbeatTime", Json.now())
                    .put("lastTransitionTime", Json.now())
                    .put("reason", ready ? "KubeletReady" : "NodeStatusUnknown")
                    .put("message", ready ? "kubelet is posting ready status" : "Kubelet stopped posting node status.");
            return node;
        });
    }

    /** Why the pod cannot run here; empty if it can. */
    Optional<String> obstacle(Pod pod) {
        var node = api.get(ResourceTypes.NODES, null, name);
        if (Json.at(node, "spec", "unschedulable").asBoolean()) {
            return Optional.of("0/1 nodes are available: 1 node(s) were unschedulable.");
        }
        var labels = Json.at(node, "metadata", "labels");
        var selector = pod.getSpec().getNodeSelector();
        var fits = selector == null
                || selector.entrySet().stream()
                        .allMatch(e -> labels.path(e.getKey()).asText().equals(e.getValue()));
        return fits
                ? Optional.empty()
                : Optional.of("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
    }
}
