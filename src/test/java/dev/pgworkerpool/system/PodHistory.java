package dev.pgworkerpool.system;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;

/** What became of the Jobs and worker pods of a namespace, as the API told it since the beginning. Thread-safe. */
final class PodHistory implements AutoCloseable {
    private final List<Watch> watches;
    private final List<String> jobs = new ArrayList<>();
    private final Set<String> live = new HashSet<>();
    private List<String> mostLive = List.of();

    PodHistory(KubernetesClient client, String namespace) {
        this.watches = List.of(
                client.pods()
                        .inNamespace(namespace)
                        .withLabel("app.kubernetes.io/name", "pg-worker-pool-worker")
                        .watch(new Recorder<>(this::podChanged)),
                client.batch().v1().jobs().inNamespace(namespace).watch(new Recorder<>(this::jobChanged)));
    }

    /** The names of all Jobs, in the order of their creation; a name that was used twice stands there twice. */
    synchronized List<String> jobs() {
        return List.copyOf(jobs);
    }

    /** The names of the most pods that had not ended at the same time. */
    synchronized List<String> mostLivePods() {
        return mostLive;
    }

    private synchronized void podChanged(Watcher.Action action, Pod pod) {
        var phase =
                pod.getStatus() == null ? "" : String.valueOf(pod.getStatus().getPhase());
        if (action == Watcher.Action.DELETED || phase.equals("Succeeded") || phase.equals("Failed")) {
            live.remove(pod.getMetadata().getName());
        } else {
            live.add(pod.getMetadata().getName());
        }
        if (live.size() > mostLive.size()) {
            mostLive = List.copyOf(live);
        }
    }

    private synchronized void jobChanged(Watcher.Action action, Job job) {
        if (action == Watcher.Action.ADDED) {
            jobs.add(job.getMetadata().getName());
        }
    }

    @Override
    public void close() {
        watches.forEach(Watch::close);
    }

    private record Recorder<T extends HasMetadata>(BiConsumer<Action, T> changed) implements Watcher<T> {
        @Override
        public void eventReceived(Action action, T object) {
            // A bookmark carries no object.
            if (action != Action.BOOKMARK) {
                changed.accept(action, object);
            }
        }

        @Override
        public boolean reconnecting() {
            return true;
        }

        @Override
        public void onClose(WatcherException cause) {
            throw new IllegalStateException("the history has a gap", cause);
        }
    }
}
