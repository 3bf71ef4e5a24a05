package dev.pgworkerpool.operator;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Workers whose last turn ended badly or could not start, with the reason. For people, and to leave a refused name alone for a while. */
final class BackOffs {
    private static final int SHOWN = 3;
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);
    /** The database knows when a name is in back-off; a reason is shown until then and a while longer. */
    private static final Duration SHOWN_FOR = Duration.ofMinutes(1);

    private final Map<String, Trouble> byWorker = new TreeMap<>();

    /**
     * @param neverStarted it had no pod that ran: that is the pool's fault rather than the job's
     * @param until when the name may start again
     */
    private record Trouble(String reason, boolean neverStarted, Instant until, Duration pause) {}

    /** Its turn ran and ended badly; the database holds it back. */
    void failed(String worker, String reason, Instant until) {
        byWorker.put(worker, new Trouble(reason, false, until, Duration.ZERO));
    }

    /** Its pod never started; the database holds it back. */
    void neverStarted(String worker, String reason, Instant until) {
        byWorker.put(worker, new Trouble(reason, true, until, Duration.ZERO));
    }

    /** The API refused its Kubernetes Job: no turn began, so the database knows nothing of it. */
    void refused(String worker, String reason, Instant now) {
        Trouble before = byWorker.get(worker);
        Duration pause = before == null || before.pause().isZero()
                ? FIRST_PAUSE
                : min(before.pause().multipliedBy(2), LONGEST_PAUSE);
        byWorker.put(worker, new Trouble(reason, true, now.plus(pause), pause));
    }

    void endedWell(String worker) {
        byWorker.remove(worker);
    }

    /** The name's Kubernetes Job was refused a moment ago. */
    boolean holdsBack(String worker, Instant now) {
        Trouble trouble = byWorker.get(worker);
        return trouble != null && !trouble.pause().isZero() && trouble.until().isAfter(now);
    }

    Optional<Instant> nextEnd(Instant now) {
        return byWorker.values().stream()
                .map(Trouble::until)
                .filter(until -> until.isAfter(now))
                .min(Comparator.naturalOrder());
    }

    /** Forgets what is long over: the name has run since, or has nothing to do any more. */
    void settle(Instant now) {
        byWorker.values()
                .removeIf(trouble ->
                        trouble.until().plus(SHOWN_FOR).plus(trouble.pause()).isBefore(now));
    }

    /** Some worker can't start at all. */
    boolean anyNeverStarted() {
        return byWorker.values().stream().anyMatch(Trouble::neverStarted);
    }

    /** The first few in words; empty when all is well. */
    Optional<String> inWords() {
        if (byWorker.isEmpty()) {
            return Optional.empty();
        }
        StringBuilder words = new StringBuilder();
        byWorker.entrySet().stream()
                .limit(SHOWN)
                .forEach(entry -> words.append(words.isEmpty() ? "" : "; ")
                        .append("worker \"")
                        .append(entry.getKey())
                        .append("\": ")
                        .append(entry.getValue().reason()));
        if (byWorker.size() > SHOWN) {
            words.append("; and ").append(byWorker.size() - SHOWN).append(" more");
        }
        return Optional.of(words.toString());
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
