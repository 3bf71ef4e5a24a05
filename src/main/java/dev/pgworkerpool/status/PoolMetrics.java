package dev.pgworkerpool.status;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Pools as metrics: {@code pgworkerpool_*} with the labels {@code namespace} and {@code pool}. Names and labels are stable. */
@ApplicationScoped
public class PoolMetrics {
    private static final Duration[] WAKE_UP_BUCKETS = {
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofSeconds(5)
    };

    private final MeterRegistry registry;
    private final InstantSource clock;
    private final Map<String, PoolMeters> pools = new ConcurrentHashMap<>();

    public PoolMetrics(MeterRegistry registry, InstantSource clock) {
        this.registry = registry;
        this.clock = clock;
    }

    /** @param figures null when they are not known now */
    public void report(String namespace, String pool, boolean ready, @Nullable PoolFigures figures) {
        PoolMeters meters = meters(namespace, pool);
        meters.ready = ready;
        meters.figures = figures;
        if (figures != null) {
            meters.lastKnown = figures;
        }
    }

    /** @param latency from the notification to the Kubernetes Job */
    public void wokenUp(String namespace, String pool, Duration latency) {
        meters(namespace, pool).wakeUp.record(latency);
    }

    /** The pool is deleted. */
    public void forget(String namespace, String pool) {
        PoolMeters gone = pools.remove(namespace + "/" + pool);
        if (gone != null) {
            gone.all.forEach(registry::remove);
        }
    }

    private PoolMeters meters(String namespace, String pool) {
        return pools.computeIfAbsent(
                namespace + "/" + pool, key -> new PoolMeters(Tags.of("namespace", namespace, "pool", pool)));
    }

    private final class PoolMeters {
        private final Tags tags;
        private final Timer wakeUp;
        private final List<Meter> all = new ArrayList<>();
        private volatile boolean ready;
        private volatile @Nullable PoolFigures figures;
        private volatile @Nullable PoolFigures lastKnown;

        PoolMeters(Tags tags) {
            this.tags = tags;
            all.add(Gauge.builder("pgworkerpool.pool.ready", this, meters -> meters.ready ? 1 : 0)
                    .description("1 when the pool is ready, else 0")
                    .tags(tags)
                    .register(registry));
            gauge("jobs.waiting", "Queued jobs that have not ended", PoolFigures::waitingJobs);
            gauge("workers.running", "Worker pods that run", PoolFigures::runningWorkers);
            gauge("workers.waiting", "Worker names that wait for a slot", PoolFigures::waitingWorkers);
            gauge("oldest.wait.seconds", "How long the longest waiting job has waited", this::oldestWait);
            gauge("slots", "Slots of the pool", PoolFigures::slots);
            gauge("slots.in.use", "Slots that are taken", PoolFigures::slotsInUse);
            finished("done", PoolFigures::done);
            finished("failed", PoolFigures::failed);
            wakeUp = Timer.builder("pgworkerpool.wakeup.latency")
                    .description("From the notification of a submit to the Kubernetes Job of its worker")
                    .tags(tags)
                    .serviceLevelObjectives(WAKE_UP_BUCKETS)
                    .register(registry);
            all.add(wakeUp);
        }

        private void gauge(String name, String description, ToDoubleFunction<PoolFigures> value) {
            all.add(Gauge.builder("pgworkerpool." + name, this, meters -> meters.read(value))
                    .description(description)
                    .tags(tags)
                    .register(registry));
        }

        private void finished(String status, ToDoubleFunction<PoolFigures> value) {
            all.add(FunctionCounter.builder("pgworkerpool.jobs.finished", this, meters -> meters.count(value))
                    .description("Queued jobs that ended, by how they ended")
                    .tags(tags.and("status", status))
                    .register(registry));
        }

        private double read(ToDoubleFunction<PoolFigures> value) {
            PoolFigures now = figures;
            return now == null ? Double.NaN : value.applyAsDouble(now);
        }

        /** A counter never goes back. */
        private double count(ToDoubleFunction<PoolFigures> value) {
            PoolFigures last = lastKnown;
            return last == null ? 0 : value.applyAsDouble(last);
        }

        private double oldestWait(PoolFigures now) {
            Instant since = now.oldestWaitingSince();
            return since == null
                    ? 0
                    : Math.max(0, Duration.between(since, clock.instant()).toMillis() / 1000.0);
        }
    }
}
