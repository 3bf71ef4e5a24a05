package dev.pgworkerpool.operator;

import dev.pgworkerpool.schedule.Turns;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Kubernetes Jobs that were created, or perhaps created, and that the informer's cache does not show yet. They hold their slots:
 * without them two passes in a row would give the same slot away twice. One thread at a time.
 */
final class StartedTurns {
    /** A cache is this far behind at most; after that the API itself is asked. */
    private static final Duration ASK_AFTER = Duration.ofSeconds(10);

    private final Map<String, Started> byJobName = new HashMap<>();

    private record Started(String worker, Instant at) {}

    void add(String jobName, String worker, Instant now) {
        byJobName.put(jobName, new Started(worker, now));
    }

    void remove(String jobName) {
        byJobName.remove(jobName);
    }

    boolean contains(String jobName) {
        return byJobName.containsKey(jobName);
    }

    Set<String> workers() {
        return byJobName.values().stream().map(Started::worker).collect(Collectors.toSet());
    }

    /** Forgets those that the cache shows by now, and old ones that don't exist. */
    void settle(Turns turns, Predicate<String> exists, Instant now) {
        byJobName
                .entrySet()
                .removeIf(entry -> turns.find(entry.getKey()).isPresent()
                        || (entry.getValue().at().plus(ASK_AFTER).isBefore(now) && !exists.test(entry.getKey())));
    }
}
