package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.DatabaseProblem;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jboss.logging.Logger;

/**
 * Names that the database could not be told about, since somebody holds a lock on their rows. They are left alone for a while, so
 * that they hold nobody else up. One thread at a time.
 */
final class LockedNames {
    private static final Logger LOG = Logger.getLogger(LockedNames.class);
    private static final Duration PAUSE = Duration.ofSeconds(10);

    private final Map<String, Instant> untilByWorker = new HashMap<>();

    boolean holdsBack(String worker, Instant now) {
        Instant until = untilByWorker.get(worker);
        return until != null && until.isAfter(now);
    }

    /** Does the work unless the name is left alone now. A problem of this name alone is told as its trouble and goes no further. */
    void attempt(String worker, PoolPass pass, Runnable work) {
        if (holdsBack(worker, pass.now())) {
            return;
        }
        try {
            work.run();
            untilByWorker.remove(worker);
        } catch (DatabaseProblem problem) {
            if (problem.concernsAll()) {
                throw problem;
            }
            Instant until = pass.now().plus(PAUSE);
            if (untilByWorker.put(worker, until) == null) {
                LOG.warnf("%s: worker \"%s\": %s", pass.live(), worker, problem.getMessage());
            }
            pass.live().backOffs.failed(worker, problem.text(), until);
        }
    }
}
