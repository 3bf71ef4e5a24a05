package dev.pgworkerpool.embedded;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One line of the API's own history: what happened to which object, in the order in which it happened.
 *
 * @param namespace empty for an object without one
 * @param podPhase the phase of a pod after the change; null for everything else
 */
public record Change(
        long resourceVersion,
        Instant at,
        Type type,
        String kind,
        String namespace,
        String name,
        @Nullable String podPhase) {
    /** What a watch calls it. */
    public enum Type {
        ADDED,
        MODIFIED,
        DELETED
    }
}
