package dev.pgworkerpool.operator;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Statuses that were written a moment ago: the informer's cache may still show the ones before, and what compares with those
 * would write the same again and tell the same Event again.
 */
final class WrittenStatuses<S> {
    private static final Duration CACHE_LAGS_AT_MOST = Duration.ofSeconds(5);
    private static final int REMEMBERED = 2000;

    private final Map<String, Written<S>> byUid = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Written<S>> eldest) {
            return size() > REMEMBERED;
        }
    };

    private record Written<S>(S status, Instant at) {}

    synchronized void put(String uid, S status, Instant now) {
        byUid.put(uid, new Written<>(status, now));
    }

    /** The status that stands there, as well as it is known. */
    synchronized @Nullable S latest(String uid, @Nullable S cached, Instant now) {
        Written<S> written = byUid.get(uid);
        if (written == null) {
            return cached;
        }
        if (written.at().plus(CACHE_LAGS_AT_MOST).isAfter(now)) {
            return written.status();
        }
        byUid.remove(uid);
        return cached;
    }

    /** When it was written last, if that is a moment ago. */
    synchronized @Nullable Instant writtenAt(String uid) {
        Written<S> written = byUid.get(uid);
        return written == null ? null : written.at();
    }
}
