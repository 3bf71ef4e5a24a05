package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.util.Map;

/** The logs of the pods that were started on this machine. */
record LocalPodLogs(TypedObjects<Pod> pods, Map<ObjectKey, LocalPod> local) implements PodLogs {
    @Override
    public void send(String namespace, String name, ApiExchange exchange) throws IOException, InterruptedException {
        var key = pods.key(namespace, name);
        var here = local.get(key);
        if (here == null) {
            var container = pods.get(key)
                    .map(pod -> pod.getSpec().getContainers().getFirst().getName())
                    .orElse("");
            throw ApiError.badRequest(
                    "container \"%s\" in pod \"%s\" is waiting to start: ContainerCreating".formatted(container, name));
        }
        if (exchange.isQueryTrue("previous")) {
            throw ApiError.badRequest("previous terminated container in pod \"%s\" not found".formatted(name));
        }
        var tail = Integer.parseInt(exchange.query().getOrDefault("tailLines", "-1"));
        here.process().copyLog(exchange.stream("text/plain"), tail, exchange.isQueryTrue("follow"));
    }
}
