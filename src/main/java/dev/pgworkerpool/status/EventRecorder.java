package dev.pgworkerpool.status;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.api.model.events.v1.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * Writes Kubernetes Events (events.k8s.io/v1) about a resource. The same Event again is counted on the first one, at most once in
 * ten seconds, as its {@code series}.
 *
 * <p>Never throws: an Event that can't be written must not stop the work that it tells of.
 */
@ApplicationScoped
public class EventRecorder {
    private static final Logger LOG = Logger.getLogger(EventRecorder.class);

    private static final String CONTROLLER = "pgworkerpool.dev/operator";
    private static final int LONGEST_NOTE_BYTES = 1024;
    private static final int LONGEST_NAME = 200;
    private static final int REMEMBERED = 1000;
    private static final Duration AT_MOST_EVERY = Duration.ofSeconds(10);
    private static final DateTimeFormatter MICROSECONDS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    private final KubernetesClient client;
    private final InstantSource clock;
    private final String instance = System.getenv().getOrDefault("HOSTNAME", "operator");
    private final Map<String, Repetition> written = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Repetition> eldest) {
            return size() > REMEMBERED;
        }
    };

    /** @param unwritten how often it happened since it was written last */
    private record Repetition(Instant writtenAt, int unwritten) {}

    EventRecorder(KubernetesClient client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    public void normal(HasMetadata regarding, String reason, String note) {
        record("Normal", regarding, reason, note);
    }

    public void warning(HasMetadata regarding, String reason, String note) {
        record("Warning", regarding, reason, note);
    }

    private void record(String type, HasMetadata regarding, String reason, String note) {
        Event event = event(type, regarding, reason, note);
        int times = timesToWrite(event.getMetadata().getName());
        if (times == 0) {
            return;
        }
        try {
            write(event, times);
        } catch (RuntimeException e) {
            LOG.debugf(
                    "Event %s about %s is not written: %s",
                    reason, event.getMetadata().getName(), e.getMessage());
        }
    }

    private synchronized int timesToWrite(String name) {
        Instant now = clock.instant();
        Repetition last = written.get(name);
        if (last != null && last.writtenAt().plus(AT_MOST_EVERY).isAfter(now)) {
            written.put(name, new Repetition(last.writtenAt(), last.unwritten() + 1));
            return 0;
        }
        written.put(name, new Repetition(now, 0));
        return last == null ? 1 : last.unwritten() + 1;
    }

    private void write(Event event, int times) {
        try {
            client.resource(event).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            client.events()
                    .v1()
                    .events()
                    .inNamespace(event.getMetadata().getNamespace())
                    .withName(event.getMetadata().getName())
                    .edit(old -> repeated(old, times));
        }
    }

    private Event repeated(Event old, int times) {
        int before = old.getSeries() == null ? 1 : old.getSeries().getCount();
        return new EventBuilder(old)
                .withNewSeries()
                .withCount(before + times)
                .withLastObservedTime(now())
                .endSeries()
                .build();
    }

    private Event event(String type, HasMetadata regarding, String reason, String note) {
        return new EventBuilder()
                .withNewMetadata()
                .withNamespace(regarding.getMetadata().getNamespace())
                .withName(name(regarding, type + reason + note))
                .endMetadata()
                .withEventTime(now())
                .withType(type)
                .withReason(reason)
                .withAction(reason)
                .withNote(cut(note))
                .withRegarding(reference(regarding))
                .withReportingController(CONTROLLER)
                .withReportingInstance(instance)
                .build();
    }

    /** The API counts bytes. */
    static String cut(String note) {
        byte[] bytes = note.getBytes(UTF_8);
        if (bytes.length <= LONGEST_NOTE_BYTES) {
            return note;
        }
        int end = LONGEST_NOTE_BYTES;
        while ((bytes[end] & 0xC0) == 0x80) {
            end--; // not in the middle of a character
        }
        return new String(bytes, 0, end, UTF_8);
    }

    /** The same for the same Event, so that the API says whether there is one already, also after a restart. */
    private static String name(HasMetadata regarding, String what) {
        String name = regarding.getMetadata().getName();
        UUID digest = UUID.nameUUIDFromBytes((regarding.getMetadata().getUid() + what).getBytes(UTF_8));
        return name.substring(0, Math.min(LONGEST_NAME, name.length()))
                + "."
                + digest.toString().replace("-", "").substring(0, 16);
    }

    private MicroTime now() {
        return new MicroTime(MICROSECONDS.format(clock.instant()));
    }

    private static ObjectReference reference(HasMetadata resource) {
        return new ObjectReferenceBuilder()
                .withApiVersion(resource.getApiVersion())
                .withKind(resource.getKind())
                .withNamespace(resource.getMetadata().getNamespace())
                .withName(resource.getMetadata().getName())
                .withUid(resource.getMetadata().getUid())
                .withResourceVersion(resource.getMetadata().getResourceVersion())
                .build();
    }
}
