package dev.pgworkerpool.system;

import dev.pgworkerpool.api.Api;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * When the API told first of each step of one worker's start. Its own timestamps have whole seconds only, so what counts is the
 * arrival here. Thread-safe.
 */
final class ColdStartMarks implements AutoCloseable {
    private final Map<ColdStartStep, Instant> marks = new EnumMap<>(ColdStartStep.class);
    private final List<Watch> watches;
    private String worker = "";
    private String job = "";

    ColdStartMarks(KubernetesClient client, String namespace) {
        this.watches = List.of(
                client.batch().v1().jobs().inNamespace(namespace).watch(new Listener<Job>(this::jobSeen)),
                client.pods()
                        .inNamespace(namespace)
                        .withLabel("app.kubernetes.io/name", "pg-worker-pool-worker")
                        .watch(new Listener<Pod>(this::podSeen)),
                client.v1().events().inNamespace(namespace).watch(new Listener<Event>(this::eventSeen)));
    }

    /** Forgets what was before; what follows is about this worker. */
    synchronized void begin(String worker) {
        marks.clear();
        this.worker = worker;
        this.job = "";
    }

    synchronized Map<ColdStartStep, Instant> marks() {
        return new EnumMap<>(marks);
    }

    private synchronized void jobSeen(Job seen) {
        if (isOurs(seen)) {
            job = seen.getMetadata().getName();
            mark(ColdStartStep.JOB_CREATED);
        }
    }

    private synchronized void podSeen(Pod seen) {
        if (isOurs(seen)) {
            mark(ColdStartStep.POD_CREATED);
            if (seen.getSpec().getNodeName() != null) {
                mark(ColdStartStep.POD_SCHEDULED);
            }
        }
    }

    private boolean isOurs(HasMetadata seen) {
        var annotations = seen.getMetadata().getAnnotations();
        return annotations != null && worker.equals(annotations.get(Api.WORKER_ANNOTATION));
    }

    /** What the kubelet says of the worker's container. */
    private synchronized void eventSeen(Event seen) {
        var about = seen.getInvolvedObject();
        if (!job.isEmpty() && about.getName().startsWith(job + "-") && about.getFieldPath() != null) {
            switch (seen.getReason()) {
                case "Pulled" -> mark(ColdStartStep.SANDBOX_READY);
                case "Created" -> mark(ColdStartStep.CONTAINER_CREATED);
                default -> {}
            }
        }
    }

    private void mark(ColdStartStep step) {
        marks.putIfAbsent(step, Instant.now());
    }

    @Override
    public void close() {
        watches.forEach(Watch::close);
    }

    private record Listener<T extends HasMetadata>(Consumer<T> seen) implements Watcher<T> {
        @Override
        public void eventReceived(Action action, T object) {
            if (action != Action.DELETED && action != Action.BOOKMARK) {
                seen.accept(object);
            }
        }

        @Override
        public boolean reconnecting() {
            return true;
        }

        @Override
        public void onClose(WatcherException cause) {
            throw new IllegalStateException("marks are missing", cause);
        }
    }
}
