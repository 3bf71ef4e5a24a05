package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The questions "who am I" and "may I": there is one user here, who may do everything. */
final class Reviews {
    private static final String AUTHORIZATION = "authorization.k8s.io";
    private static final String AUTHENTICATION = "authentication.k8s.io";
    private static final Map<String, Map<String, String>> KINDS = Map.of(
            AUTHORIZATION,
            Map.of(
                    "selfsubjectaccessreviews", "SelfSubjectAccessReview",
                    "selfsubjectrulesreviews", "SelfSubjectRulesReview",
                    "subjectaccessreviews", "SubjectAccessReview"),
            AUTHENTICATION,
            Map.of("selfsubjectreviews", "SelfSubjectReview"));

    private Reviews() {}

    static Map<String, Set<String>> addGroups(Map<String, Set<String>> groups) {
        KINDS.keySet()
                .forEach(group -> groups.computeIfAbsent(group, g -> new LinkedHashSet<>())
                        .add("v1"));
        return groups;
    }

    static List<ObjectNode> resources(String group, String version) {
        if (!version.equals("v1")) {
            return List.of();
        }
        return KINDS.getOrDefault(group, Map.of()).entrySet().stream()
                .map(kind -> {
                    var resource = Json.object()
                            .put("name", kind.getKey())
                            .put("singularName", "")
                            .put("namespaced", false)
                            .put("kind", kind.getValue());
                    resource.putArray("verbs").add("create");
                    return resource;
                })
                .toList();
    }

    /** The answer to a review; empty if the resource is none. */
    static Optional<ObjectNode> answer(String group, String plural, ApiExchange exchange) throws IOException {
        var kind = KINDS.getOrDefault(group, Map.of()).get(plural);
        if (kind == null) {
            return Optional.empty();
        }
        // kubectl asks in protobuf; but the answer does not depend on the question.
        var body = exchange.body();
        var review = exchange.contentType().equals("application/json") ? Json.parse(body) : Json.object();
        review.put("apiVersion", group + "/v1").put("kind", kind);
        var status = review.putObject("status");
        switch (plural) {
            case "selfsubjectrulesreviews" -> {
                status.put("incomplete", false);
                var rule = status.putArray("resourceRules").addObject();
                List.of("verbs", "apiGroups", "resources")
                        .forEach(field -> rule.putArray(field).add("*"));
                var paths = status.putArray("nonResourceRules").addObject();
                List.of("verbs", "nonResourceURLs")
                        .forEach(field -> paths.putArray(field).add("*"));
            }
            case "selfsubjectreviews" ->
                status.putObject("userInfo")
                        .put("username", "admin")
                        .putArray("groups")
                        .add("system:masters");
            default -> status.put("allowed", true);
        }
        return Optional.of(review);
    }
}
