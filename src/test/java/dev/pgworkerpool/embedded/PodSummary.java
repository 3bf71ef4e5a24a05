package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** The STATUS of a pod in {@code kubectl get pods}: the phase, or what says more than the phase. */
final class PodSummary {
    private PodSummary() {}

    static String of(ObjectNode pod) {
        var status = pod.path("status");
        var summary = status.path("reason").asText(status.path("phase").asText());
        for (var container : status.path("containerStatuses")) {
            var state = container.path("state");
            var waiting = Json.text(state, "waiting", "reason");
            if (!waiting.isEmpty()) {
                summary = waiting;
            } else if (state.has("terminated")) {
                var reason = Json.text(state, "terminated", "reason");
                summary = reason.isEmpty() ? "ExitCode:" + Json.text(state, "terminated", "exitCode") : reason;
            }
        }
        return Json.isBeingDeleted(pod) ? "Terminating" : summary;
    }
}
