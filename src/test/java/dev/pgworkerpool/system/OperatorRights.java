package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;

import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** What the Roles of {@code deploy/base} allow the operator of a namespace to do, verb by verb. */
final class OperatorRights {
    private static final Path MANIFESTS = Path.of("deploy/base");

    private final ClusterSurroundings cluster;

    /** One verb. A subresource is a part of the resource, as in {@code workerpools/status}. */
    record Right(String role, String apiGroup, String resource, String verb) {
        /** As the API writes it when it says no. */
        String refusal() {
            return "cannot %s resource \"%s\" in API group \"%s\"".formatted(verb, resource, apiGroup);
        }

        private boolean covers(PolicyRule rule, String ofResource, String ofVerb) {
            return rule.getApiGroups().contains(apiGroup) && ofResource.equals(resource) && ofVerb.equals(verb);
        }

        /** As {@code kubectl auth can-i --list} writes it: {@code patch workerpools.pgworkerpool.dev/status}. */
        @Override
        public String toString() {
            var parts = resource.split("/", 2);
            return verb + " " + parts[0] + (apiGroup.isEmpty() ? "" : "." + apiGroup)
                    + (parts.length == 1 ? "" : "/" + parts[1]);
        }
    }

    OperatorRights(ClusterSurroundings cluster) {
        this.cluster = cluster;
    }

    /** The operator, as the API knows it. */
    String account() {
        return "system:serviceaccount:%s:%s".formatted(cluster.namespace(), ClusterSurroundings.OPERATOR);
    }

    static List<Right> ofFiles() throws IOException {
        return roles().stream().flatMap(OperatorRights::rights).toList();
    }

    /** This verb and no other. Returns when the API refuses it. */
    void takeAway(Right right) throws IOException {
        edit(right, rules -> without(right, rules));
        eventually().until(() -> !has(right));
    }

    /** Returns when the API allows it. */
    void putBack(Right right) throws IOException {
        var role = roles().stream()
                .filter(each -> each.getMetadata().getName().equals(right.role))
                .findFirst()
                .orElseThrow();
        edit(right, rules -> role.getRules());
        eventually().until(() -> has(right));
    }

    private void edit(Right right, UnaryOperator<List<PolicyRule>> change) {
        cluster.client()
                .rbac()
                .roles()
                .inNamespace(cluster.namespace())
                .withName(right.role)
                .edit(role -> new RoleBuilder(role)
                        .withRules(change.apply(role.getRules()))
                        .build());
    }

    /** What is left of a rule stays one rule: Java Operator SDK looks for one that has all that it needs of leases. */
    private static List<PolicyRule> without(Right right, List<PolicyRule> rules) {
        return rules.stream()
                .flatMap(rule -> rule.getResources().stream()
                        .map(resource -> new PolicyRuleBuilder(rule)
                                .withResources(resource)
                                .withVerbs(rule.getVerbs().stream()
                                        .filter(verb -> !right.covers(rule, resource, verb))
                                        .toList())
                                .build()))
                .filter(rule -> !rule.getVerbs().isEmpty())
                .toList();
    }

    private boolean has(Right right) {
        var parts = right.resource.split("/", 2);
        return cluster.client()
                .authorization()
                .v1()
                .subjectAccessReview()
                .create(new SubjectAccessReviewBuilder()
                        .withNewSpec()
                        .withUser(account())
                        .withNewResourceAttributes()
                        .withNamespace(cluster.namespace())
                        .withGroup(right.apiGroup)
                        .withResource(parts[0])
                        .withSubresource(parts.length == 1 ? null : parts[1])
                        .withVerb(right.verb)
                        .endResourceAttributes()
                        .endSpec()
                        .build())
                .getStatus()
                .getAllowed();
    }

    private static List<Role> roles() throws IOException {
        try (var files = Files.walk(MANIFESTS)) {
            return files.filter(file -> file.toString().endsWith("-role.yaml"))
                    .map(OperatorRights::read)
                    .toList();
        }
    }

    private static Role read(Path file) {
        try {
            return Serialization.unmarshal(Files.readString(file), Role.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<Right> rights(Role role) {
        return role.getRules().stream()
                .flatMap(rule -> rule.getApiGroups().stream()
                        .flatMap(group -> rule.getResources().stream()
                                .flatMap(resource -> rule.getVerbs().stream()
                                        .map(verb ->
                                                new Right(role.getMetadata().getName(), group, resource, verb)))));
    }
}
