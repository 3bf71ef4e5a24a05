package dev.pgworkerpool.embedded;

import static dev.pgworkerpool.embedded.Column.number;
import static dev.pgworkerpool.embedded.Column.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** The columns of the built-in kinds, as a real server prints them. */
final class BuiltInColumns {
    private static final Map<ResourceType, List<Column>> COLUMNS = Map.ofEntries(
            Map.entry(ResourceTypes.PODS, pods()),
            Map.entry(ResourceTypes.JOBS, jobs()),
            Map.entry(ResourceTypes.EVENTS, events()),
            Map.entry(
                    ResourceTypes.NAMESPACES, List.of(Column.NAME, text("Status", at("status", "phase")), Column.AGE)),
            Map.entry(
                    ResourceTypes.NODES,
                    List.of(
                            Column.NAME,
                            text("Status", BuiltInColumns::nodeStatus),
                            text("Roles", node -> "<none>"),
                            Column.AGE,
                            text("Version", at("status", "nodeInfo", "kubeletVersion")))),
            Map.entry(
                    ResourceTypes.SECRETS,
                    List.of(
                            Column.NAME,
                            text("Type", at("type")),
                            number("Data", secret -> secret.path("data").size()),
                            Column.AGE)),
            Map.entry(
                    ResourceTypes.CONFIG_MAPS,
                    List.of(Column.NAME, number("Data", map -> map.path("data").size()), Column.AGE)),
            Map.entry(
                    ResourceTypes.SERVICE_ACCOUNTS,
                    List.of(
                            Column.NAME,
                            number("Secrets", account -> account.path("secrets").size()),
                            Column.AGE)),
            Map.entry(
                    ResourceTypes.LEASES,
                    List.of(Column.NAME, text("Holder", at("spec", "holderIdentity")), Column.AGE)),
            Map.entry(
                    ResourceTypes.DEPLOYMENTS,
                    List.of(
                            Column.NAME,
                            text(
                                    "Ready",
                                    d -> Json.at(d, "status", "readyReplicas").asInt() + "/"
                                            + Json.at(d, "spec", "replicas").asInt(1)),
                            number(
                                    "Up-to-date",
                                    d -> Json.at(d, "status", "updatedReplicas").asInt()),
                            number(
                                    "Available",
                                    d -> Json.at(d, "status", "availableReplicas")
                                            .asInt()),
                            Column.AGE)),
            Map.entry(
                    ResourceTypes.DEFINITIONS,
                    List.of(Column.NAME, text("Created At", at("metadata", "creationTimestamp")))));

    private BuiltInColumns() {}

    static List<Column> of(ResourceType type) {
        return COLUMNS.getOrDefault(type, List.of(Column.NAME, Column.AGE));
    }

    private static Function<ObjectNode, String> at(String... path) {
        return object -> Json.text(object, path);
    }

    private static Function<ObjectNode, String> orNone(Function<ObjectNode, String> cell) {
        return object -> {
            var text = cell.apply(object);
            return text.isEmpty() ? "<none>" : text;
        };
    }

    private static List<Column> pods() {
        return List.of(
                Column.NAME,
                text(
                        "Ready",
                        pod -> readyContainers(pod) + "/"
                                + Json.at(pod, "spec", "containers").size()),
                text("Status", PodSummary::of),
                text("Restarts", pod -> Integer.toString(restarts(pod))),
                Column.AGE,
                text("IP", orNone(at("status", "podIP"))).wide(),
                text("Node", orNone(at("spec", "nodeName"))).wide(),
                text("Nominated Node", orNone(at("status", "nominatedNodeName")))
                        .wide(),
                text("Readiness Gates", pod -> "<none>").wide());
    }

    private static int readyContainers(ObjectNode pod) {
        var ready = 0;
        for (var container : Json.at(pod, "status", "containerStatuses")) {
            ready += container.path("ready").asBoolean() ? 1 : 0;
        }
        return ready;
    }

    private static int restarts(ObjectNode pod) {
        var restarts = 0;
        for (var container : Json.at(pod, "status", "containerStatuses")) {
            restarts += container.path("restartCount").asInt();
        }
        return restarts;
    }

    private static List<Column> jobs() {
        return List.of(
                Column.NAME,
                text("Status", BuiltInColumns::jobStatus),
                text(
                        "Completions",
                        job -> Json.at(job, "status", "succeeded").asInt() + "/"
                                + Json.at(job, "spec", "completions").asInt(1)),
                text("Duration", BuiltInColumns::jobDuration),
                Column.AGE,
                text("Containers", job -> containers(job, "name")).wide(),
                text("Images", job -> containers(job, "image")).wide(),
                text("Selector", BuiltInColumns::jobSelector).wide());
    }

    private static String jobStatus(ObjectNode job) {
        var conditions = Json.at(job, "status", "conditions");
        for (var type : List.of("Complete", "Failed")) {
            if (isTrue(conditions, type)) {
                return type;
            }
        }
        if (Json.isBeingDeleted(job)) {
            return "Terminating";
        }
        for (var type : List.of("Suspended", "FailureTarget", "SuccessCriteriaMet")) {
            if (isTrue(conditions, type)) {
                return type;
            }
        }
        return "Running";
    }

    private static boolean isTrue(JsonNode conditions, String type) {
        for (var condition : conditions) {
            if (condition.path("type").asText().equals(type)) {
                return condition.path("status").asText().equals("True");
            }
        }
        return false;
    }

    private static String jobDuration(ObjectNode job) {
        var start = Json.text(job, "status", "startTime");
        var end = Json.text(job, "status", "completionTime");
        if (start.isEmpty()) {
            return "";
        }
        return end.isEmpty()
                ? HumanDuration.since(start)
                : HumanDuration.of(Duration.between(Instant.parse(start), Instant.parse(end)));
    }

    private static String containers(ObjectNode job, String field) {
        var values = new ArrayList<String>();
        Json.at(job, "spec", "template", "spec", "containers")
                .forEach(container -> values.add(container.path(field).asText()));
        return String.join(",", values);
    }

    private static String jobSelector(ObjectNode job) {
        var labels = new ArrayList<String>();
        Json.at(job, "spec", "selector", "matchLabels")
                .properties()
                .forEach(e -> labels.add(e.getKey() + "=" + e.getValue().asText()));
        return String.join(",", labels);
    }

    private static List<Column> events() {
        return List.of(
                text("Last Seen", BuiltInColumns::lastSeen),
                text("Type", at("type")),
                text("Reason", at("reason")),
                text(
                        "Object",
                        event -> Json.text(event, "involvedObject", "kind").toLowerCase(Locale.ROOT) + "/"
                                + Json.text(event, "involvedObject", "name")),
                text("Subobject", at("involvedObject", "fieldPath")).wide(),
                text("Source", BuiltInColumns::source).wide(),
                text("Message", event -> Json.text(event, "message").strip()),
                text("First Seen", BuiltInColumns::firstSeen).wide(),
                number("Count", event -> Math.max(1, event.path("count").asInt()))
                        .wide(),
                Column.NAME.wide());
    }

    private static String lastSeen(ObjectNode event) {
        var series = Json.text(event, "series", "lastObservedTime");
        var last = Json.text(event, "lastTimestamp");
        return HumanDuration.since(firstNonEmpty(series, last, Json.text(event, "eventTime")));
    }

    private static String firstSeen(ObjectNode event) {
        return HumanDuration.since(firstNonEmpty(Json.text(event, "firstTimestamp"), Json.text(event, "eventTime")));
    }

    private static String source(ObjectNode event) {
        var host = Json.text(event, "source", "host");
        var component = firstNonEmpty(Json.text(event, "source", "component"), Json.text(event, "reportingComponent"));
        return host.isEmpty() ? component : component + ", " + host;
    }

    private static String firstNonEmpty(String... texts) {
        for (var text : texts) {
            if (!text.isEmpty()) {
                return text;
            }
        }
        return "";
    }

    private static String nodeStatus(ObjectNode node) {
        var ready = isTrue(Json.at(node, "status", "conditions"), "Ready") ? "Ready" : "NotReady";
        return Json.at(node, "spec", "unschedulable").asBoolean() ? ready + ",SchedulingDisabled" : ready;
    }
}
