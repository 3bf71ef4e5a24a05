package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The environment of a container. A local process does not see the paths that volumes are mounted at, so a value that begins
 * with one begins with the local folder instead.
 */
final class PodEnvironment {
    /** {@code $(NAME)}, or {@code $$} for a dollar. */
    private static final Pattern REFERENCE = Pattern.compile("\\$\\$|\\$\\(([^()]+)\\)");

    /** Of a field path such as {@code metadata.annotations['key']}. */
    private static final Pattern MAP_ENTRY = Pattern.compile("metadata\\.(labels|annotations)\\['([^']*)'\\]");

    private final Pod pod;
    private final PodSources sources;
    private final Map<String, Path> mounts;
    private final Map<String, String> variables = new LinkedHashMap<>();

    private PodEnvironment(Pod pod, PodSources sources, Map<String, Path> mounts) {
        this.pod = pod;
        this.sources = sources;
        this.mounts = mounts;
    }

    /** @param mounts the local folder of each mount path */
    static PodEnvironment of(Pod pod, PodSources sources, Map<String, Path> mounts) throws NotReadyToStart {
        var environment = new PodEnvironment(pod, sources, mounts);
        for (var variable : pod.getSpec().getContainers().getFirst().getEnv()) {
            environment.add(variable);
        }
        return environment;
    }

    Map<String, String> variables() {
        return variables;
    }

    /** Command and arguments, with their references to variables resolved. */
    List<String> command() {
        var container = pod.getSpec().getContainers().getFirst();
        return Stream.concat(container.getCommand().stream(), container.getArgs().stream())
                .map(this::expand)
                .toList();
    }

    private void add(EnvVar variable) throws NotReadyToStart {
        if (variable.getValueFrom() == null) {
            var value = variable.getValue() == null ? "" : variable.getValue();
            variables.put(variable.getName(), localPath(expand(value)));
            return;
        }
        var value = valueFrom(variable.getValueFrom());
        if (value != null) {
            variables.put(variable.getName(), value);
        }
    }

    private @Nullable String valueFrom(EnvVarSource source) throws NotReadyToStart {
        if (source.getFieldRef() != null) {
            return field(pod, source.getFieldRef().getFieldPath());
        }
        if (source.getSecretKeyRef() != null) {
            var ref = source.getSecretKeyRef();
            return sources.secretKey(ref.getName(), ref.getKey(), Boolean.TRUE.equals(ref.getOptional()));
        }
        if (source.getConfigMapKeyRef() != null) {
            var ref = source.getConfigMapKeyRef();
            return sources.configMapKey(ref.getName(), ref.getKey(), Boolean.TRUE.equals(ref.getOptional()));
        }
        return "";
    }

    /** A field of the pod, in the notation of the downward API. */
    static String field(Pod pod, String path) {
        var entry = MAP_ENTRY.matcher(path);
        if (entry.matches()) {
            var map = entry.group(1).equals("labels")
                    ? pod.getMetadata().getLabels()
                    : pod.getMetadata().getAnnotations();
            return map == null ? "" : map.getOrDefault(entry.group(2), "");
        }
        return Json.text(Json.tree(pod), path.split("\\."));
    }

    private String expand(String text) {
        return REFERENCE.matcher(text).replaceAll(reference -> {
            var name = reference.group(1);
            var value = name == null ? "$" : variables.getOrDefault(name, reference.group());
            return Matcher.quoteReplacement(value);
        });
    }

    private String localPath(String value) {
        for (var mount : mounts.entrySet()) {
            var path = mount.getKey();
            if (value.equals(path) || value.startsWith(path + "/")) {
                return mount.getValue() + value.substring(path.length());
            }
        }
        return value;
    }
}
