package dev.pgworkerpool.embedded;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A path such as {@code /apis/batch/v1/namespaces/books/jobs/x/status}.
 *
 * @param namespace null for all namespaces, or if there are none
 * @param plural null for the group and version itself
 */
record ResourcePath(
        String group,
        String version,
        @Nullable String namespace,
        @Nullable String plural,
        @Nullable String name,
        @Nullable String subresource) {
    /** Of a namespace; anything else below a namespace is a resource in it. */
    private static final Set<String> NAMESPACE_SUBRESOURCES = Set.of("status", "finalize");

    static Optional<ResourcePath> parse(String rawPath) {
        var steps = new ArrayList<String>();
        for (var step : rawPath.substring(1).split("/", -1)) {
            steps.add(ApiExchange.decode(step.replace("+", "%2B")));
        }
        if (steps.getFirst().equals("api") && steps.size() >= 2) {
            return Optional.of(of("", steps.get(1), steps.subList(2, steps.size())));
        }
        if (steps.getFirst().equals("apis") && steps.size() >= 3) {
            return Optional.of(of(steps.get(1), steps.get(2), steps.subList(3, steps.size())));
        }
        return Optional.empty();
    }

    private static ResourcePath of(String group, String version, List<String> rest) {
        var isInNamespace = rest.size() > 2
                && rest.getFirst().equals("namespaces")
                && !(rest.size() == 3 && NAMESPACE_SUBRESOURCES.contains(rest.get(2)));
        var resource = isInNamespace ? rest.subList(2, rest.size()) : rest;
        return new ResourcePath(
                group,
                version,
                isInNamespace ? rest.get(1) : null,
                get(resource, 0),
                get(resource, 1),
                get(resource, 2));
    }

    private static @Nullable String get(List<String> steps, int index) {
        return index < steps.size() ? steps.get(index) : null;
    }
}
