package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Pods and pod templates: their defaults, and that a pod does not change once it is there. */
final class PodRules implements KindRules {
    private static final Set<String> MUTABLE =
            Set.of("nodeName", "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds");

    @Override
    public void prepare(ObjectNode pod, @Nullable ObjectNode current) {
        applyDefaults(pod.withObject("/spec"));
        if (current == null) {
            pod.withObject("/status").put("phase", "Pending").put("qosClass", "BestEffort");
        }
    }

    static void applyDefaults(ObjectNode spec) {
        putIfAbsent(spec, "restartPolicy", "Always");
        putIfAbsent(spec, "dnsPolicy", "ClusterFirst");
        putIfAbsent(spec, "schedulerName", "default-scheduler");
        putIfAbsent(spec, "serviceAccountName", "default");
        if (!spec.has("terminationGracePeriodSeconds")) {
            spec.put("terminationGracePeriodSeconds", 30);
        }
        if (!spec.has("securityContext")) {
            spec.putObject("securityContext");
        }
        spec.path("containers").forEach(container -> applyContainerDefaults((ObjectNode) container));
    }

    private static void applyContainerDefaults(ObjectNode container) {
        var image = container.path("image").asText();
        var latest = !image.substring(image.lastIndexOf('/') + 1).contains(":") || image.endsWith(":latest");
        putIfAbsent(container, "imagePullPolicy", latest ? "Always" : "IfNotPresent");
        putIfAbsent(container, "terminationMessagePath", "/dev/termination-log");
        putIfAbsent(container, "terminationMessagePolicy", "File");
        if (!container.has("resources")) {
            container.putObject("resources");
        }
        container.path("env").forEach(PodRules::applyFieldRefDefault);
    }

    private static void applyFieldRefDefault(JsonNode variable) {
        if (Json.at(variable, "valueFrom", "fieldRef") instanceof ObjectNode fieldRef) {
            putIfAbsent(fieldRef, "apiVersion", "v1");
        }
    }

    private static void putIfAbsent(ObjectNode object, String field, String value) {
        if (!object.hasNonNull(field)) {
            object.put(field, value);
        }
    }

    @Override
    public List<Cause> validate(ObjectNode pod, @Nullable ObjectNode current) {
        if (Json.at(pod, "spec", "containers").isEmpty()) {
            return List.of(new Cause("FieldValueRequired", "spec.containers", "Required value"));
        }
        if (current != null && !fixedPart(pod).equals(fixedPart(current))) {
            return List.of(new Cause(
                    "FieldValueForbidden",
                    "spec",
                    "Forbidden: pod updates may not change fields other than `spec.activeDeadlineSeconds`,"
                            + " `spec.tolerations`, `spec.terminationGracePeriodSeconds`"));
        }
        return List.of();
    }

    private static JsonNode fixedPart(ObjectNode pod) {
        return ((ObjectNode) pod.path("spec").deepCopy()).remove(MUTABLE);
    }

    /** How long the pod may take to end: nothing for one that has no node or has ended already. */
    static int gracePeriod(ObjectNode pod, @Nullable Integer asked) {
        var ended = Set.of("Succeeded", "Failed").contains(Json.text(pod, "status", "phase"));
        if (ended || Json.text(pod, "spec", "nodeName").isEmpty()) {
            return 0;
        }
        return asked != null
                ? asked
                : Json.at(pod, "spec", "terminationGracePeriodSeconds").asInt(30);
    }
}
