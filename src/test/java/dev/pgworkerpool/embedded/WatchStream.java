package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ObjectStore.Update;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;

/**
 * One watch: sends what changed since a revision, and then what changes, one JSON object a line, until its time is over, the
 * client is gone or the API stops.
 */
final class WatchStream {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(30);
    private static final Duration BOOKMARK_INTERVAL = Duration.ofSeconds(30);

    private final ObjectStore store;
    private final ListQuery query;
    private final Representation representation;
    private final BooleanSupplier running;
    private final boolean bookmarks;
    private final Instant end;
    private final OutputStream out;
    private long revision;

    WatchStream(
            ObjectStore store,
            ListQuery query,
            Representation representation,
            BooleanSupplier running,
            ApiExchange exchange)
            throws IOException {
        this.store = store;
        this.query = query;
        this.representation = representation;
        this.running = running;
        this.bookmarks = exchange.isQueryTrue("allowWatchBookmarks");
        var timeout = exchange.query("timeoutSeconds");
        this.end = Instant.now().plus(timeout == null ? DEFAULT_TIMEOUT : Duration.ofSeconds(Long.parseLong(timeout)));
        this.out = exchange.stream("application/json");
    }

    /** Follows from a revision; from the present state, told as additions, if that is empty or 0. */
    void run(String resourceVersion, boolean sendInitialEvents) throws IOException, InterruptedException {
        if (sendInitialEvents || resourceVersion.isEmpty() || resourceVersion.equals("0")) {
            sendPresent();
        } else {
            revision = Long.parseLong(resourceVersion);
        }
        if (sendInitialEvents && bookmarks) {
            send("BOOKMARK", bookmark(true));
        }
        out.flush();
        try {
            follow();
        } catch (ApiError gone) {
            send("ERROR", gone.status());
        }
    }

    private void sendPresent() throws IOException {
        var present = store.locked(() -> {
            revision = store.revision();
            return query.items(store);
        });
        for (var object : present) {
            send("ADDED", representation.object(object));
        }
    }

    private void follow() throws IOException, InterruptedException {
        var nextBookmark = Instant.now().plus(BOOKMARK_INTERVAL);
        while (running.getAsBoolean() && Instant.now().isBefore(end)) {
            for (var update : store.changesAfter(revision, Duration.ofSeconds(1))) {
                revision = update.revision();
                forward(update);
            }
            if (bookmarks && Instant.now().isAfter(nextBookmark)) {
                nextBookmark = Instant.now().plus(BOOKMARK_INTERVAL);
                send("BOOKMARK", bookmark(false));
            }
            out.flush();
        }
        if (bookmarks) {
            send("BOOKMARK", bookmark(false));
        }
    }

    /** An object that begins to match appears, one that no longer does disappears. */
    private void forward(Update update) throws IOException {
        if (!update.key().storage().equals(query.type().storage())) {
            return;
        }
        var object = Conversion.to(query.type(), update.object());
        var matches = query.matches(object);
        var matched = update.before() != null && query.matches(Conversion.to(query.type(), update.before()));
        var type = update.type();
        if (type == Change.Type.MODIFIED && matches != matched) {
            type = matches ? Change.Type.ADDED : Change.Type.DELETED;
        }
        if (matches || matched) {
            send(type.name(), representation.object(object));
        }
    }

    private ObjectNode bookmark(boolean initialEventsEnd) {
        var type = query.type();
        var object = Json.object().put("kind", type.kind()).put("apiVersion", type.apiVersion());
        var metadata = Json.metadata(object).put("resourceVersion", Long.toString(revision));
        metadata.putNull("creationTimestamp");
        if (initialEventsEnd) {
            metadata.putObject("annotations").put("k8s.io/initial-events-end", "true");
        }
        return representation instanceof Representation.Table table ? table.object(object) : object;
    }

    private void send(String type, ObjectNode object) throws IOException {
        var event = Json.object().put("type", type);
        event.set("object", object);
        out.write(Json.bytes(event));
        out.write('\n');
    }
}
