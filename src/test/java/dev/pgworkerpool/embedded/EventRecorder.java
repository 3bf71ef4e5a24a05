package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The Events of the control plane. The same once more only counts up. A real cluster forgets Events after an hour; this one
 * keeps the latest so many.
 */
final class EventRecorder {
    private static final int KEPT = 1_000;

    private final ObjectStore store;
    private final TypedObjects<Event> events;
    private final ArrayDeque<ObjectKey> kept = new ArrayDeque<>();
    private final Map<String, ObjectKey> known = new HashMap<>();

    EventRecorder(ObjectStore store, ObjectApi api) {
        this.store = store;
        this.events = new TypedObjects<>(store, api, ResourceTypes.EVENTS, Event.class);
    }

    void normal(String component, HasMetadata about, String reason, String message) {
        record(component, about, "Normal", reason, message);
    }

    void warning(String component, HasMetadata about, String reason, String message) {
        record(component, about, "Warning", reason, message);
    }

    private void record(String component, HasMetadata about, String type, String reason, String message) {
        store.locked(() -> {
            recordLocked(component, about, type, reason, message);
            return true;
        });
    }

    private void recordLocked(String component, HasMetadata about, String type, String reason, String message) {
        var identity = String.join("\0", about.getMetadata().getUid(), reason, message);
        if (recount(identity).isPresent()) {
            return;
        }
        var name = about.getMetadata().getName();
        var namespace = about.getMetadata().getNamespace();
        var event = new EventBuilder()
                .withNewMetadata()
                .withName(name.substring(0, Math.min(200, name.length())) + "." + Long.toHexString(System.nanoTime()))
                .withNamespace(namespace)
                .endMetadata()
                .withNewInvolvedObject()
                .withApiVersion(about.getApiVersion())
                .withKind(about.getKind())
                .withNamespace(namespace)
                .withName(name)
                .withUid(about.getMetadata().getUid())
                .endInvolvedObject()
                .withType(type)
                .withReason(reason)
                .withMessage(message)
                .withNewSource()
                .withComponent(component)
                .endSource()
                .withReportingComponent(component)
                .withFirstTimestamp(Json.now())
                .withLastTimestamp(Json.now())
                .withCount(1)
                .build();
        try {
            events.create(event);
            remember(identity, events.key(event));
        } catch (ApiError e) {
            // its namespace is on its way out: nobody will miss the event
        }
    }

    private Optional<Event> recount(String identity) {
        return Optional.ofNullable(known.get(identity))
                .flatMap(key -> events.edit(key, event -> {
                    event.setCount(event.getCount() + 1);
                    event.setLastTimestamp(Json.now());
                    return event;
                }));
    }

    private void remember(String identity, ObjectKey key) {
        known.put(identity, key);
        kept.add(key);
        if (kept.size() > KEPT) {
            var oldest = kept.removeFirst();
            known.values().removeIf(oldest::equals);
            events.delete(oldest, DeleteOptions.with(DeleteOptions.Propagation.BACKGROUND));
        }
    }
}
