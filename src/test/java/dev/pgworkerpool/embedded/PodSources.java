package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The Secrets and ConfigMaps that the pods of a namespace take values and files from. */
record PodSources(ObjectApi api, String namespace) {
    /** The values of a Secret by key; empty if there is none. */
    Optional<Map<String, byte[]>> secret(String name) {
        return api.find(ResourceTypes.SECRETS, namespace, name).map(secret -> {
            var values = new LinkedHashMap<String, byte[]>();
            secret.path("data")
                    .properties()
                    .forEach(e -> values.put(
                            e.getKey(), Base64.getDecoder().decode(e.getValue().asText())));
            return values;
        });
    }

    Optional<Map<String, byte[]>> configMap(String name) {
        return api.find(ResourceTypes.CONFIG_MAPS, namespace, name).map(PodSources::values);
    }

    private static Map<String, byte[]> values(ObjectNode configMap) {
        var values = new LinkedHashMap<String, byte[]>();
        configMap
                .path("data")
                .properties()
                .forEach(e -> values.put(e.getKey(), e.getValue().asText().getBytes(StandardCharsets.UTF_8)));
        return values;
    }

    /** A value for a variable; null if it may be missing and is. */
    @Nullable
    String secretKey(String name, String key, boolean optional) throws NotReadyToStart {
        return value("secret", "Secret", name, secret(name), key, optional);
    }

    @Nullable
    String configMapKey(String name, String key, boolean optional) throws NotReadyToStart {
        return value("configmap", "ConfigMap", name, configMap(name), key, optional);
    }

    private @Nullable String value(
            String resource,
            String kind,
            String name,
            Optional<Map<String, byte[]>> values,
            String key,
            boolean optional)
            throws NotReadyToStart {
        if (values.isEmpty() && !optional) {
            throw NotReadyToStart.configuration("%s \"%s\" not found".formatted(resource, name));
        }
        var value = values.orElse(Map.of()).get(key);
        if (value == null && !optional) {
            throw NotReadyToStart.configuration(
                    "couldn't find key %s in %s %s/%s".formatted(key, kind, namespace, name));
        }
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }
}
