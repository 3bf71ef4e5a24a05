package dev.pgworkerpool.operator;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** When names were notified of that have not started since: to measure the wake-up. Written by the listener, read by a pass. */
final class WakeUps {
    /** Anybody may notify of any name, so only so many are kept. */
    private static final int KEPT = 1000;

    private final Map<String, Instant> byWorker = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
            return size() > KEPT;
        }
    };

    synchronized void heard(String worker, Instant now) {
        byWorker.putIfAbsent(worker, now);
    }

    /** How long ago it was notified of; empty when it starts for another reason. */
    synchronized Optional<Duration> started(String worker, Instant now) {
        return Optional.ofNullable(byWorker.remove(worker)).map(heard -> Duration.between(heard, now));
    }

    /** A pass that began then has not started them: what would be measured is no wake-up but the wait for a slot. */
    synchronized void forgetBefore(Instant pass) {
        byWorker.values().removeIf(heard -> heard.isBefore(pass));
    }
}
