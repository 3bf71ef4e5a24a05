package dev.pgworkerpool.embedded;

import static dev.pgworkerpool.embedded.ResourceType.builtIn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The resources that the API serves: a handful that is built in, and what custom resource definitions add. Thread-safe. */
final class ResourceTypes {
    static final ResourceType NAMESPACES =
            builtIn("", "v1", "namespaces", "Namespace", false).withStatus().withShortNames("ns");
    static final ResourceType NODES =
            builtIn("", "v1", "nodes", "Node", false).withStatus().withShortNames("no");
    static final ResourceType PODS = builtIn("", "v1", "pods", "Pod", true)
            .withStatus()
            .withShortNames("po")
            .inAll();
    static final ResourceType SECRETS = builtIn("", "v1", "secrets", "Secret", true);
    static final ResourceType CONFIG_MAPS =
            builtIn("", "v1", "configmaps", "ConfigMap", true).withShortNames("cm");
    static final ResourceType SERVICES = builtIn("", "v1", "services", "Service", true)
            .withStatus()
            .withShortNames("svc")
            .inAll();
    static final ResourceType SERVICE_ACCOUNTS =
            builtIn("", "v1", "serviceaccounts", "ServiceAccount", true).withShortNames("sa");
    static final ResourceType EVENTS =
            builtIn("", "v1", "events", "Event", true).withShortNames("ev");
    static final ResourceType NEW_EVENTS = builtIn("events.k8s.io", "v1", "events", "Event", true)
            .withShortNames("ev")
            .storedAs(EVENTS);
    static final ResourceType JOBS =
            builtIn("batch", "v1", "jobs", "Job", true).withStatus().inAll();
    static final ResourceType DEPLOYMENTS = builtIn("apps", "v1", "deployments", "Deployment", true)
            .withStatus()
            .withShortNames("deploy")
            .inAll();
    static final ResourceType QUOTAS = builtIn("", "v1", "resourcequotas", "ResourceQuota", true)
            .withStatus()
            .withShortNames("quota");
    static final ResourceType LEASES = builtIn("coordination.k8s.io", "v1", "leases", "Lease", true);
    static final ResourceType DEFINITIONS = builtIn(
                    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false)
            .withStatus()
            .withShortNames("crd", "crds");

    private final Map<String, ResourceType> types = new LinkedHashMap<>();

    ResourceTypes() {
        List.of(
                        NAMESPACES,
                        NODES,
                        PODS,
                        SECRETS,
                        CONFIG_MAPS,
                        SERVICES,
                        SERVICE_ACCOUNTS,
                        QUOTAS,
                        EVENTS,
                        NEW_EVENTS,
                        JOBS,
                        DEPLOYMENTS,
                        LEASES,
                        DEFINITIONS,
                        builtIn("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true)
                                .withShortNames("netpol"),
                        builtIn("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true)
                                .withStatus()
                                .withShortNames("pdb"),
                        builtIn("rbac.authorization.k8s.io", "v1", "roles", "Role", true),
                        builtIn("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true),
                        builtIn("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false),
                        builtIn("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false))
                .forEach(this::add);
    }

    synchronized List<ResourceType> all() {
        return List.copyOf(types.values());
    }

    synchronized Optional<ResourceType> find(String group, String version, String plural) {
        return Optional.ofNullable(types.get(id(group, version, plural)));
    }

    synchronized Optional<ResourceType> findByKind(String apiVersion, String kind) {
        return types.values().stream()
                .filter(type -> type.kind().equals(kind) && type.apiVersion().equals(apiVersion))
                .findFirst();
    }

    /** Of the versions that are stored together, any. */
    synchronized Optional<ResourceType> findByStorage(String storage) {
        return types.values().stream()
                .filter(type -> type.storage().equals(storage))
                .findFirst();
    }

    /** Serves the resource of this definition, in all its served versions. */
    synchronized void define(ObjectNode definition) {
        var served = typesOf(definition);
        undefine(definition);
        served.forEach(this::add);
    }

    synchronized void undefine(ObjectNode definition) {
        var spec = definition.path("spec");
        types.values()
                .removeIf(type -> type.isCustom()
                        && type.group().equals(spec.path("group").asText())
                        && type.plural().equals(Json.text(spec, "names", "plural")));
    }

    /** Compiles everything in the definition; fails if it is not valid. */
    static List<ResourceType> typesOf(ObjectNode definition) {
        var spec = definition.path("spec");
        var names = spec.path("names");
        var group = spec.path("group").asText();
        var plural = names.path("plural").asText();
        var result = new ArrayList<ResourceType>();
        for (var version : spec.path("versions")) {
            if (version.path("served").asBoolean(true)) {
                result.add(new ResourceType(
                        group,
                        version.path("name").asText(),
                        plural,
                        names.path("singular").asText(),
                        names.path("kind").asText(),
                        spec.path("scope").asText().equals("Namespaced"),
                        Json.at(version, "subresources", "status").isObject(),
                        texts(names.path("shortNames")),
                        texts(names.path("categories")),
                        group + "/" + plural,
                        CustomVersion.of((ObjectNode) version)));
            }
        }
        return result;
    }

    private static List<String> texts(JsonNode array) {
        var result = new ArrayList<String>();
        array.forEach(text -> result.add(text.asText()));
        return result;
    }

    private void add(ResourceType type) {
        types.put(id(type.group(), type.version(), type.plural()), type);
    }

    private static String id(String group, String version, String plural) {
        return group + "/" + version + "/" + plural;
    }
}
