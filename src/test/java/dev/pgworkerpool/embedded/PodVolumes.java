package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The volumes of a pod as local folders: secret, configMap, projected (also the downward API) and emptyDir. */
final class PodVolumes {
    private final Pod pod;
    private final PodSources sources;
    private final Path dir;
    private final Map<String, AtomicFolder> folders = new HashMap<>();

    PodVolumes(Pod pod, PodSources sources, Path dir) {
        this.pod = pod;
        this.sources = sources;
        this.dir = dir;
    }

    /** Writes all files as they should be now; fails if something is missing that is not optional. */
    void refresh() throws NotReadyToStart {
        for (var volume : pod.getSpec().getVolumes()) {
            var files = new TreeMap<String, byte[]>();
            collect(volume, files);
            try {
                folders.computeIfAbsent(volume.getName(), name -> new AtomicFolder(folder(name)))
                        .write(files);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** The local folder of each mount path. */
    Map<String, Path> mounts() {
        var mounts = new LinkedHashMap<String, Path>();
        for (var mount : pod.getSpec().getContainers().getFirst().getVolumeMounts()) {
            var folder = folder(mount.getName());
            mounts.put(mount.getMountPath(), mount.getSubPath() == null ? folder : folder.resolve(mount.getSubPath()));
        }
        return mounts;
    }

    private Path folder(String volume) {
        return dir.resolve(volume);
    }

    private void collect(Volume volume, Map<String, byte[]> files) throws NotReadyToStart {
        if (volume.getSecret() != null) {
            var secret = volume.getSecret();
            add(volume, "secret", secret.getSecretName(), secret.getItems(), secret.getOptional(), files);
        } else if (volume.getConfigMap() != null) {
            var map = volume.getConfigMap();
            add(volume, "configmap", map.getName(), map.getItems(), map.getOptional(), files);
        } else if (volume.getProjected() != null) {
            for (var source : volume.getProjected().getSources()) {
                collect(volume, source, files);
            }
        }
    }

    private void collect(Volume volume, VolumeProjection source, Map<String, byte[]> files) throws NotReadyToStart {
        if (source.getSecret() != null) {
            var secret = source.getSecret();
            add(volume, "secret", secret.getName(), secret.getItems(), secret.getOptional(), files);
        } else if (source.getConfigMap() != null) {
            var map = source.getConfigMap();
            add(volume, "configmap", map.getName(), map.getItems(), map.getOptional(), files);
        } else if (source.getDownwardAPI() != null) {
            source.getDownwardAPI()
                    .getItems()
                    .forEach(item -> files.put(
                            item.getPath(),
                            PodEnvironment.field(pod, item.getFieldRef().getFieldPath())
                                    .getBytes(StandardCharsets.UTF_8)));
        }
    }

    private void add(
            Volume volume,
            String resource,
            String name,
            List<KeyToPath> items,
            @Nullable Boolean optional,
            Map<String, byte[]> files)
            throws NotReadyToStart {
        var isOptional = Boolean.TRUE.equals(optional);
        Optional<Map<String, byte[]>> values =
                resource.equals("secret") ? sources.secret(name) : sources.configMap(name);
        if (values.isEmpty() && !isOptional) {
            throw NotReadyToStart.volume(volume.getName(), "%s \"%s\" not found".formatted(resource, name));
        }
        var present = values.orElse(Map.of());
        if (items.isEmpty()) {
            files.putAll(present);
        }
        for (var item : items) {
            if (present.containsKey(item.getKey())) {
                files.put(item.getPath(), Objects.requireNonNull(present.get(item.getKey())));
            } else if (!isOptional) {
                throw NotReadyToStart.volume(
                        volume.getName(), "references non-existent %s key: %s".formatted(resource, item.getKey()));
            }
        }
    }
}
