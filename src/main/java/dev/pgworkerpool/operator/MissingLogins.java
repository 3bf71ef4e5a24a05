package dev.pgworkerpool.operator;

import dev.pgworkerpool.schedule.Demand;
import dev.pgworkerpool.status.EventRecorder;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** Tells of names whose first job waits for a login that its role does not have in the pool: all behind it wait, too. */
@ApplicationScoped
class MissingLogins {
    private static final int SHOWN = 3;

    private final EventRecorder events;

    MissingLogins(EventRecorder events) {
        this.events = events;
    }

    void run(PoolPass pass, List<Demand> demand) {
        List<String> now = demand.stream()
                .filter(name -> !name.hasLogin())
                .map(MissingLogins::words)
                .toList();
        now.stream()
                .filter(words -> !pass.live().missingLogins.contains(words))
                .forEach(words -> events.warning(pass.pool(), "LoginMissing", words));
        pass.live().missingLogins = now;
    }

    /** The first few; empty when all have what they need. */
    static List<String> shown(PoolPass pass) {
        return pass.live().missingLogins.stream().limit(SHOWN).toList();
    }

    private static String words(Demand name) {
        return "jobs of role \"" + name.submitter() + "\" wait: it has no login in this pool (worker \"" + name.worker()
                + "\")";
    }
}
