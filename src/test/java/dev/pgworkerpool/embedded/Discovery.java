package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What clients ask first: which groups, versions and resources there are. */
final class Discovery {
    private static final List<String> VERBS =
            List.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");

    private final ResourceTypes types;

    Discovery(ResourceTypes types) {
        this.types = types;
    }

    static ObjectNode version() {
        return Json.object()
                .put("major", "1")
                .put("minor", "34")
                .put("gitVersion", "v1.34.0")
                .put("gitCommit", "")
                .put("gitTreeState", "clean")
                .put("buildDate", "2025-08-27T10:09:04Z")
                .put("goVersion", "")
                .put("compiler", "")
                .put("platform", "linux/amd64");
    }

    static ObjectNode coreVersions() {
        var versions = Json.object().put("kind", "APIVersions");
        versions.putArray("versions").add("v1");
        versions.putArray("serverAddressByClientCIDRs");
        return versions;
    }

    ObjectNode groups() {
        var list = Json.object().put("kind", "APIGroupList").put("apiVersion", "v1");
        var array = list.putArray("groups");
        groupVersions().forEach((group, versions) -> array.add(group(group, versions)));
        return list;
    }

    ObjectNode group(String group) {
        var versions = groupVersions().get(group);
        if (versions == null) {
            throw ApiError.noSuchPath();
        }
        return group(group, versions).put("kind", "APIGroup").put("apiVersion", "v1");
    }

    private static ObjectNode group(String group, Set<String> versions) {
        var object = Json.object().put("name", group);
        var array = object.putArray("versions");
        versions.forEach(version ->
                array.addObject().put("groupVersion", group + "/" + version).put("version", version));
        object.set("preferredVersion", array.get(0));
        return object;
    }

    private Map<String, Set<String>> groupVersions() {
        return Reviews.addGroups(types.all().stream()
                .filter(type -> !type.group().isEmpty())
                .collect(Collectors.groupingBy(
                        ResourceType::group,
                        LinkedHashMap::new,
                        Collectors.mapping(ResourceType::version, Collectors.toCollection(LinkedHashSet::new)))));
    }

    /** The resources of one group and version. */
    ObjectNode resources(String group, String version) {
        var list = Json.object()
                .put("kind", "APIResourceList")
                .put("apiVersion", "v1")
                .put("groupVersion", group.isEmpty() ? version : group + "/" + version);
        var array = list.putArray("resources");
        types.all().stream()
                .filter(type -> type.group().equals(group) && type.version().equals(version))
                .forEach(type -> {
                    array.add(resource(type));
                    if (type.hasStatus()) {
                        array.add(subresource(type, "status", List.of("get", "patch", "update")));
                    }
                    if (type.equals(ResourceTypes.PODS)) {
                        array.add(subresource(type, "log", List.of("get")));
                    }
                });
        Reviews.resources(group, version).forEach(array::add);
        if (array.isEmpty()) {
            throw ApiError.noSuchPath();
        }
        return list;
    }

    private static ObjectNode resource(ResourceType type) {
        var resource = Json.object()
                .put("name", type.plural())
                .put("singularName", type.singular())
                .put("namespaced", type.namespaced())
                .put("kind", type.kind());
        var verbs = resource.putArray("verbs");
        VERBS.forEach(verbs::add);
        if (!type.shortNames().isEmpty()) {
            type.shortNames().forEach(resource.withArray("shortNames")::add);
        }
        if (!type.categories().isEmpty()) {
            type.categories().forEach(resource.withArray("categories")::add);
        }
        return resource;
    }

    private static ObjectNode subresource(ResourceType type, String name, List<String> verbs) {
        var resource = Json.object()
                .put("name", type.plural() + "/" + name)
                .put("singularName", "")
                .put("namespaced", type.namespaced())
                .put("kind", type.kind());
        verbs.forEach(resource.putArray("verbs")::add);
        return resource;
    }
}
