package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** What a pod that was started has on this machine: a process, and a folder with its volumes and its log. */
record LocalPod(String uid, PodProcess process, PodVolumes volumes, Path dir) {
    /** How long it takes until the pull of an image is given up for a while. */
    private static final Duration PULL = Duration.ofSeconds(2);

    /** Starts the first container of the pod, in a folder below {@code dir}. */
    static LocalPod start(Pod pod, PodSources sources, Path dir, NodeImage image) throws NotReadyToStart {
        checkImage(pod);
        var metadata = pod.getMetadata();
        var podDir = dir.resolve(String.join("_", metadata.getNamespace(), metadata.getName(), metadata.getUid()));
        var volumes = new PodVolumes(pod, sources, podDir.resolve("volumes"));
        volumes.refresh();
        var environment = PodEnvironment.of(pod, sources, volumes.mounts());
        try {
            Files.createDirectories(podDir);
            var command = image.commandLine(environment.command());
            var process = PodProcess.start(command, environment.variables(), podDir);
            return new LocalPod(metadata.getUid(), process, volumes, podDir);
        } catch (IOException e) {
            throw NotReadyToStart.command(e.toString());
        }
    }

    /** There are no images here; but one may ask for one that cannot be had. */
    private static void checkImage(Pod pod) throws NotReadyToStart {
        var name = pod.getSpec().getContainers().getFirst().getImage();
        if (name != null && name.contains("does-not-exist")) {
            var since = pod.getStatus().getStartTime();
            throw since == null || Instant.parse(since).plus(PULL).isAfter(Instant.now())
                    ? NotReadyToStart.firstPull(name)
                    : NotReadyToStart.pullBackOff(name);
        }
    }

    /** Nothing of it stays. */
    void destroy() {
        process.kill();
        process.onExit().join();
        try {
            AtomicFolder.delete(dir);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
