package dev.pgworkerpool.system;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts what the operator of a namespace asks of the API, exactly: there is a FlowSchema for each kind of its requests, and the API
 * server's metrics count by FlowSchema. Where the server has replicas, those of one are seen.
 */
final class ApiRequests implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String LEASE = "lease";

    /** The first that matches counts. */
    private static final List<Kind> KINDS = List.of(
            new Kind("create-jobs", "create", "batch", "jobs"),
            new Kind("other-jobs", "get\", \"delete", "batch", "jobs"),
            new Kind("pool-status", "patch", "pgworkerpool.dev", "workerpools/status"),
            new Kind("events", "*", "events.k8s.io", "*"),
            new Kind(LEASE, "*", "coordination.k8s.io", "*"),
            new Kind("secrets", "*", "", "secrets"),
            new Kind("other", "*", "*", "*"));

    private record Kind(String name, String verbs, String group, String resources) {}

    private final KubernetesClient client;
    private final String namespace;

    /** Returns when they are counted. */
    ApiRequests(KubernetesClient client, String namespace) {
        this.client = client;
        this.namespace = namespace;
        for (int i = 0; i < KINDS.size(); i++) {
            client.resource(schema(KINDS.get(i), 1000 + i)).create();
        }
        // The leader renews its lease every few seconds.
        await("requests are counted").atMost(PATIENCE).until(() -> counts().get(LEASE) > 0);
    }

    private String schema(Kind kind, int precedence) {
        return """
                apiVersion: flowcontrol.apiserver.k8s.io/v1
                kind: FlowSchema
                metadata: {name: %s}
                spec:
                  matchingPrecedence: %d
                  priorityLevelConfiguration: {name: workload-low}
                  distinguisherMethod: {type: ByUser}
                  rules:
                    - subjects: [{kind: ServiceAccount, serviceAccount: {name: %s, namespace: %s}}]
                      resourceRules:
                        - verbs: ["%s"]
                          apiGroups: ["%s"]
                          resources: ["%s"]
                          namespaces: ["*"]
                          clusterScope: true
                """.formatted(
                        schemaName(kind),
                        precedence,
                        ClusterSurroundings.OPERATOR,
                        namespace,
                        kind.verbs,
                        kind.group,
                        kind.resources);
    }

    private String schemaName(Kind kind) {
        return namespace + "-" + kind.name;
    }

    /** Requests so far, by kind. */
    Map<String, Long> counts() {
        var lines = client.raw("/metrics")
                .lines()
                .filter(line -> line.startsWith("apiserver_flowcontrol_dispatched_requests_total{"))
                .toList();
        var counts = new LinkedHashMap<String, Long>();
        for (var kind : KINDS) {
            counts.put(
                    kind.name,
                    lines.stream()
                            .filter(line -> line.contains("flow_schema=\"" + schemaName(kind) + "\""))
                            .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                            .sum());
        }
        return counts;
    }

    @Override
    public void close() {
        KINDS.forEach(kind -> client.resource(schema(kind, 1000)).delete());
    }
}
