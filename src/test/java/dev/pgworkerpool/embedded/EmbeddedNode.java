package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The only node of the cluster, scheduler and kubelet in one: takes pods that have no node yet and runs their first container
 * as a process of this machine. Containers are never restarted. Thread-safe.
 */
public final class EmbeddedNode implements AutoCloseable {
    /** Its name in the cluster. */
    public static final String NAME = "embedded-node";

    private static final String COMPONENT = "kubelet";
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final ObjectApi api;
    private final TypedObjects<Pod> pods;
    private final EventRecorder events;
    private final NodeStatus node;
    private final Path dir;
    private final NodeImage image;
    private final Map<ObjectKey, LocalPod> local = new ConcurrentHashMap<>();
    private final ControlLoop<ObjectKey> loop;
    private final ControlLoop.Gate apiGate;
    private boolean running = true;

    EmbeddedNode(
            ObjectStore store, ObjectApi api, EventRecorder events, ControlLoop.Gate gate, Path dir, NodeImage image) {
        this.api = api;
        this.pods = new TypedObjects<>(store, api, ResourceTypes.PODS, Pod.class);
        this.events = events;
        this.node = new NodeStatus(api, NAME);
        this.dir = dir;
        this.image = image;
        this.apiGate = gate;
        this.loop = new ControlLoop<>(COMPONENT, this::awaitReady, this::sync);
        node.report(true);
        store.subscribe(this::note);
        loop.start();
    }

    /** The process of a pod that runs or ran here and still exists. */
    public Process processOf(String namespace, String pod) {
        return Optional.ofNullable(local.get(pods.key(namespace, pod)))
                .map(found -> found.process().process())
                .orElseThrow(() -> new NoSuchElementException("no process of pod " + namespace + "/" + pod));
    }

    /** Ends a pod's process the way the kernel does when it exceeds its memory limit. */
    public void killForMemory(String namespace, String pod) {
        Optional.ofNullable(local.get(pods.key(namespace, pod)))
                .orElseThrow()
                .process()
                .killForMemory();
    }

    /** The kubelet is gone: processes run on, but nobody reports, starts or ends any. */
    public synchronized void stop() {
        running = false;
        node.report(false);
    }

    /** The kubelet is back and reports what happened meanwhile. */
    public synchronized void start() {
        running = true;
        node.report(true);
        notifyAll();
        pods.list(null, pod -> true).forEach(pod -> loop.enqueue(pods.key(pod)));
    }

    /** The machine is gone with all that runs on it. After {@link #start} its pods are found to have failed. */
    public synchronized void crash() {
        stop();
        local.values().forEach(pod -> pod.process().kill());
        local.clear();
    }

    private void awaitReady() throws InterruptedException {
        apiGate.await();
        synchronized (this) {
            while (!running) {
                wait();
            }
        }
    }

    private void note(ObjectStore.Update update) {
        var storage = update.key().storage();
        if (storage.equals(ResourceTypes.PODS.storage())) {
            loop.enqueue(update.key());
        } else if (storage.equals(ResourceTypes.SECRETS.storage())
                || storage.equals(ResourceTypes.CONFIG_MAPS.storage())) {
            local.keySet().stream()
                    .filter(key -> key.namespace().equals(update.key().namespace()))
                    .forEach(loop::enqueue);
        }
    }

    private void sync(ObjectKey key) {
        var found = pods.get(key);
        var here = local.get(key);
        if (here != null && found.filter(pod -> uid(pod).equals(here.uid())).isEmpty()) {
            discard(key, here);
        }
        found.ifPresent(pod -> {
            if (pod.getSpec().getNodeName() == null) {
                schedule(key, pod);
            } else if (pod.getSpec().getNodeName().equals(NAME)) {
                sync(key, pod, Optional.ofNullable(local.get(key)));
            }
        });
    }

    private void sync(ObjectKey key, Pod pod, Optional<LocalPod> here) {
        if (hasEnded(pod)) {
            finishDeletion(key, pod);
        } else if (here.isEmpty() && isDeleted(pod)) {
            pods.editStatus(key, current -> withStatus(current, PodStatuses.neverStarted(current)));
        } else if (here.isEmpty() && pod.getStatus().getPhase().equals("Running")) {
            pods.editStatus(key, current -> withStatus(current, PodStatuses.lost(current)));
        } else if (here.isEmpty()) {
            start(key, pod);
        } else if (here.get().process().isAlive()) {
            supervise(key, pod, here.get());
        } else {
            pods.editStatus(
                    key,
                    current -> withStatus(
                            current, PodStatuses.ended(current, here.get().process())));
        }
    }

    private void schedule(ObjectKey key, Pod pod) {
        if (isDeleted(pod)) {
            return;
        }
        var obstacle = node.obstacle(pod);
        if (obstacle.isPresent()) {
            pods.editStatus(key, current -> withStatus(current, PodStatuses.unschedulable(current, obstacle.get())));
            events.warning("default-scheduler", pod, "FailedScheduling", obstacle.get());
            loop.enqueueAfter(key, RETRY);
            return;
        }
        api.edit(ResourceTypes.PODS, key, null, current -> {
            current.withObject("/spec").put("nodeName", NAME);
            return current;
        });
        pods.editStatus(key, current -> withStatus(current, PodStatuses.scheduled(current)));
        events.normal(
                "default-scheduler",
                pod,
                "Scheduled",
                "Successfully assigned %s/%s to %s".formatted(key.namespace(), key.name(), NAME));
    }

    private void start(ObjectKey key, Pod pod) {
        try {
            var started = LocalPod.start(pod, new PodSources(api, key.namespace()), dir, image);
            local.put(key, started);
            var process = started.process();
            pods.editStatus(key, current -> withStatus(current, PodStatuses.running(current, process.startedAt())));
            var container = pod.getSpec().getContainers().getFirst().getName();
            events.normal(COMPONENT, pod, "Started", "Started container " + container);
            // After the report that it runs, so that the report of its end comes after that.
            var ignored = process.onExit().thenRun(() -> loop.enqueue(key));
        } catch (NotReadyToStart reason) {
            waitFor(key, pod, reason);
        }
    }

    private void waitFor(ObjectKey key, Pod pod, NotReadyToStart reason) {
        var before = pods.get(key).map(Pod::getStatus);
        var message = reason.waitingReason().equals("ContainerCreating") ? null : reason.why();
        var after = pods.editStatus(
                key, current -> withStatus(current, PodStatuses.waiting(current, reason.waitingReason(), message)));
        if (!after.map(Pod::getStatus).equals(before)) {
            events.warning(COMPONENT, pod, reason.eventReason(), reason.why());
        }
        loop.enqueueAfter(key, RETRY);
    }

    private void supervise(ObjectKey key, Pod pod, LocalPod here) {
        if (!isDeleted(pod)) {
            try {
                here.volumes().refresh();
            } catch (NotReadyToStart e) {
                // A Secret went away; what is mounted stays as it was.
                events.warning(COMPONENT, pod, e.eventReason(), e.why());
            }
            return;
        }
        if (here.process().terminate()) {
            events.normal(
                    COMPONENT,
                    pod,
                    "Killing",
                    "Stopping container "
                            + pod.getSpec().getContainers().getFirst().getName());
        }
        // The API writes whole seconds; the part that it cut off belongs to the grace period.
        var end = Instant.parse(pod.getMetadata().getDeletionTimestamp()).plusMillis(999);
        var rest = Duration.between(Instant.now(), end);
        if (pod.getMetadata().getDeletionGracePeriodSeconds() == 0 || !rest.isPositive()) {
            here.process().kill();
        } else {
            loop.enqueueAfter(key, rest);
        }
    }

    private void finishDeletion(ObjectKey key, Pod pod) {
        if (isDeleted(pod) && pod.getMetadata().getDeletionGracePeriodSeconds() > 0) {
            pods.delete(key, DeleteOptions.now(uid(pod)));
        }
    }

    /** The pod is no longer in the API: nothing of it may stay. */
    private void discard(ObjectKey key, LocalPod here) {
        local.remove(key);
        here.destroy();
    }

    PodLogs logs() {
        return new LocalPodLogs(pods, local);
    }

    private static Pod withStatus(Pod pod, PodStatus status) {
        pod.setStatus(status);
        return pod;
    }

    private static boolean hasEnded(Pod pod) {
        return Set.of("Succeeded", "Failed").contains(pod.getStatus().getPhase());
    }

    private static boolean isDeleted(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() != null;
    }

    private static String uid(Pod pod) {
        return pod.getMetadata().getUid();
    }

    @Override
    public void close() {
        loop.close();
        local.values().forEach(pod -> pod.process().kill());
        local.values().forEach(pod -> pod.process().onExit().join());
    }
}
