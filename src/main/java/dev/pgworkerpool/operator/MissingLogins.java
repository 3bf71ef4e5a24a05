package dev.pgworkerpool.operator;

import dev.pgworkerpool.schedule.Demand;
import dev.pgworkerpool.status.EventRecorder;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tells of roles that have no login in the pool although their jobs are the first of some names: all behind them wait, too. */
@ApplicationScoped
class MissingLogins {
    private static final int SHOWN = 3;

    private final EventRecorder events;

    MissingLogins(EventRecorder events) {
        this.events = events;
    }

    void run(PoolPass pass, List<Demand> demand) {
        Map<String, String> now = new LinkedHashMap<>();
        for (Demand name : demand) {
            String role = name.submitter();
            if (!name.hasLogin() && role != null) {
                now.putIfAbsent(role, words(role, name.worker()));
            }
        }
        now.forEach((role, words) -> {
            if (!pass.live().missingLogins.containsKey(role)) {
                events.warning(pass.pool(), "LoginMissing", words);
            }
        });
        pass.live().missingLogins = now;
    }

    /** The first few; empty when all have what they need. */
    static List<String> shown(PoolPass pass) {
        return pass.live().missingLogins.values().stream().limit(SHOWN).toList();
    }

    private static String words(String role, String worker) {
        return "jobs of role \"" + role + "\" wait: it has no login in this pool (worker \"" + worker + "\")";
    }
}
