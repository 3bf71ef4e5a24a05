package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One resource in one version, as discovery shows it.
 *
 * @param storage what the objects are stored under; two versions of one resource share it
 * @param custom the version of the custom resource definition it comes from; null for what is built in
 */
record ResourceType(
        String group,
        String version,
        String plural,
        String singular,
        String kind,
        boolean namespaced,
        boolean hasStatus,
        List<String> shortNames,
        List<String> categories,
        String storage,
        @Nullable CustomVersion custom) {

    static ResourceType builtIn(String group, String version, String plural, String kind, boolean namespaced) {
        return new ResourceType(
                group,
                version,
                plural,
                kind.toLowerCase(Locale.ROOT),
                kind,
                namespaced,
                false,
                List.of(),
                List.of(),
                group + "/" + plural,
                null);
    }

    ResourceType withStatus() {
        return new ResourceType(
                group, version, plural, singular, kind, namespaced, true, shortNames, categories, storage, custom);
    }

    ResourceType withShortNames(String... names) {
        return new ResourceType(
                group,
                version,
                plural,
                singular,
                kind,
                namespaced,
                hasStatus,
                List.of(names),
                categories,
                storage,
                custom);
    }

    /** Part of {@code kubectl get all}. */
    ResourceType inAll() {
        return new ResourceType(
                group,
                version,
                plural,
                singular,
                kind,
                namespaced,
                hasStatus,
                shortNames,
                List.of("all"),
                storage,
                custom);
    }

    ResourceType storedAs(ResourceType other) {
        return new ResourceType(
                group,
                version,
                plural,
                singular,
                kind,
                namespaced,
                hasStatus,
                shortNames,
                categories,
                other.storage,
                custom);
    }

    String apiVersion() {
        return group.isEmpty() ? version : group + "/" + version;
    }

    String groupResource() {
        return group.isEmpty() ? plural : plural + "." + group;
    }

    boolean isCustom() {
        return custom != null;
    }

    ObjectKey key(@Nullable String namespace, String name) {
        return new ObjectKey(storage, namespaced && namespace != null ? namespace : "", name);
    }

    ObjectKey keyOf(ObjectNode object) {
        return key(Json.namespace(object), Json.name(object));
    }

    /** By name: comparing schemas would take long and tell nothing. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ResourceType type
                && group.equals(type.group)
                && version.equals(type.version)
                && plural.equals(type.plural);
    }

    @Override
    public int hashCode() {
        return Objects.hash(group, version, plural);
    }
}
