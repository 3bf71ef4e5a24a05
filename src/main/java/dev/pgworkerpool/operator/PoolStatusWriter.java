package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerPoolStatus;
import dev.pgworkerpool.status.Conditions;
import dev.pgworkerpool.status.EventRecorder;
import dev.pgworkerpool.status.PoolFigures;
import dev.pgworkerpool.status.PoolMetrics;
import dev.pgworkerpool.status.Readiness;
import dev.pgworkerpool.status.StatusPatch;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Writes a pool's status: conditions at once, counts at most once a second, nothing when nothing changed. */
@ApplicationScoped
class PoolStatusWriter {
    private static final Logger LOG = Logger.getLogger(PoolStatusWriter.class);

    private static final Duration COUNTS_AT_MOST_EVERY = Duration.ofSeconds(1);
    private static final Duration NEVER = Duration.ofDays(1);

    private final StatusPatch patch;
    private final EventRecorder events;
    private final PoolMetrics metrics;
    private final WrittenStatuses<WorkerPoolStatus> written = new WrittenStatuses<>();

    PoolStatusWriter(StatusPatch patch, EventRecorder events, PoolMetrics metrics) {
        this.patch = patch;
        this.events = events;
        this.metrics = metrics;
    }

    /**
     * @param figures null while the database doesn't tell: then what it told last stays
     * @return after how long counts that were not written yet are due
     */
    Duration write(PoolPass pass, Readiness readiness, @Nullable PoolFigures figures) {
        if (pass.live().isClosed()) {
            return NEVER;
        }
        pass.live().found(readiness);
        metrics.report(pass.namespace(), pass.name(), readiness.state() == Readiness.State.READY, figures);
        WorkerPoolStatus old = written.latest(pass.live().uid, pass.pool().getStatus(), pass.now());
        WorkerPoolStatus status = status(pass, readiness, figures, old);
        if (status.equals(old)) {
            return NEVER;
        }
        boolean onlyCounts = old != null && Objects.equals(status.conditions(), old.conditions());
        Duration due = countsDue(pass);
        if (onlyCounts && due.isPositive()) {
            return due;
        }
        try {
            if (!patch.apply(pass.pool(), status)) {
                return NEVER; // it is deleted
            }
        } catch (KubernetesClientException e) {
            LOG.warnf("%s: its status is not written: %s", pass.live(), e.getMessage());
            return COUNTS_AT_MOST_EVERY;
        }
        written.put(pass.live().uid, status, pass.now());
        tell(pass, readiness);
        return NEVER;
    }

    private void tell(PoolPass pass, Readiness now) {
        if (now.reason().equals(pass.live().toldReason)) {
            return;
        }
        pass.live().toldReason = now.reason();
        if (now.state() == Readiness.State.RECONCILING || now.state() == Readiness.State.STALLED) {
            LOG.warnf("%s: %s", pass.live(), now);
            events.warning(pass.pool(), now.reason(), now.message());
        } else {
            LOG.infof("%s: %s", pass.live(), now);
            events.normal(pass.pool(), now.reason(), now.message());
        }
    }

    private Duration countsDue(PoolPass pass) {
        Instant last = written.writtenAt(pass.live().uid);
        return last == null ? Duration.ZERO : Duration.between(pass.now(), last.plus(COUNTS_AT_MOST_EVERY));
    }

    private static WorkerPoolStatus status(
            PoolPass pass, Readiness readiness, @Nullable PoolFigures figures, @Nullable WorkerPoolStatus old) {
        Long generation = pass.pool().getMetadata().getGeneration();
        List<Condition> conditions =
                Conditions.of(readiness, old == null ? null : old.conditions(), generation, pass.now());
        int slotsInUse = pass.holders().size();
        String slots = slotsInUse + "/" + pass.pool().getSpec().slots();
        int running = pass.turns().running();
        if (figures == null) {
            return new WorkerPoolStatus(
                    generation,
                    slots,
                    slotsInUse,
                    running,
                    old == null ? null : old.waitingWorkers(),
                    old == null ? null : old.waitingJobs(),
                    old == null ? null : old.oldestWaitingSince(),
                    conditions);
        }
        return new WorkerPoolStatus(
                generation,
                slots,
                slotsInUse,
                running,
                figures.waitingWorkers(),
                figures.waitingJobs(),
                text(figures.oldestWaitingSince()),
                conditions);
    }

    private static @Nullable String text(@Nullable Instant time) {
        return time == null ? null : time.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
