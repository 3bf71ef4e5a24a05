package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerJobStatus;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.api.WorkerPool;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.MaxReconciliationInterval;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.rate.RateLimited;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Queues a WorkerJob once and mirrors how far it is. An ended one is never looked up again, so it can't run again either, whatever
 * becomes of its rows. What is left of a deleted one is cancelled by its pool's passes ({@link DeletedWorkerJobs}).
 */
@ControllerConfiguration(
        name = "workerjob",
        maxReconciliationInterval = @MaxReconciliationInterval(interval = 10, timeUnit = TimeUnit.MINUTES))
@RateLimited(maxReconciliations = 5, within = 1)
public class WorkerJobReconciler implements Reconciler<WorkerJob> {
    private static final Logger LOG = Logger.getLogger(WorkerJobReconciler.class);

    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

    private final WorkerJobSteps steps;
    private final WorkerJobStatusWriter statusWriter;
    private final WorkerJobTriggers workerJobTriggers;
    private final KubernetesClient client;
    private final InstantSource clock;

    WorkerJobReconciler(
            WorkerJobSteps steps,
            WorkerJobStatusWriter statusWriter,
            WorkerJobTriggers workerJobTriggers,
            KubernetesClient client,
            InstantSource clock) {
        this.steps = steps;
        this.statusWriter = statusWriter;
        this.workerJobTriggers = workerJobTriggers;
        this.client = client;
        this.clock = clock;
    }

    @Override
    public UpdateControl<WorkerJob> reconcile(WorkerJob job, Context<WorkerJob> context) {
        Instant now = clock.instant();
        WorkerJobStatus status = statusWriter.latest(job, now);
        try {
            if (!ended(status)) {
                WorkerPool pool = context.getSecondaryResource(WorkerPool.class).orElse(null);
                Optional<WorkerJobProgress> progress = steps.advance(job, pool, status);
                status = progress.isPresent() ? statusWriter.write(job, progress.get(), now) : status;
            }
            if (ended(status)) {
                return untilExpiry(job, Objects.requireNonNull(status), now);
            }
            // There may be many that are suspended for long: the longest interval does, besides what is heard of them.
            return status != null && status.phase() == Phase.Suspended ? UpdateControl.noUpdate() : again(LOOK_AGAIN);
        } catch (KubernetesClientException e) {
            LOG.warnf(
                    "WorkerJob %s/%s: %s",
                    job.getMetadata().getNamespace(), job.getMetadata().getName(), e.getMessage());
            return again(LOOK_AGAIN);
        } catch (RuntimeException e) {
            // The framework would give up after five attempts.
            LOG.errorf(
                    e,
                    "WorkerJob %s/%s",
                    job.getMetadata().getNamespace(),
                    job.getMetadata().getName());
            return again(LOOK_AGAIN);
        }
    }

    /** Deletes an ended WorkerJob when its time is over. */
    private UpdateControl<WorkerJob> untilExpiry(WorkerJob job, WorkerJobStatus status, Instant now) {
        Integer ttl = job.getSpec().ttlSecondsAfterFinished();
        if (ttl == null || status.finishedAt() == null) {
            return UpdateControl.noUpdate();
        }
        Duration left = Duration.between(now, Instant.parse(status.finishedAt()).plusSeconds(ttl));
        if (left.isPositive()) {
            return again(left);
        }
        try {
            client.resource(job).lockResourceVersion().delete();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            return again(LOOK_AGAIN); // it changed a moment ago, or is another one of this name
        }
        return UpdateControl.noUpdate();
    }

    static boolean ended(@Nullable WorkerJobStatus status) {
        return status != null && status.phase() != null && status.phase().ended();
    }

    private static UpdateControl<WorkerJob> again(Duration after) {
        return UpdateControl.<WorkerJob>noUpdate().rescheduleAfter(after);
    }

    /** Called once, before the informers start. */
    @Override
    public List<EventSource<?, WorkerJob>> prepareEventSources(EventSourceContext<WorkerJob> context) {
        workerJobTriggers.lookUpIn(context.getPrimaryCache());
        var pools = new InformerEventSource<>(
                InformerEventSourceConfiguration.from(WorkerPool.class, WorkerJob.class)
                        .withPrimaryToSecondaryMapper((WorkerJob job) -> Set.of(WorkerJobTriggers.poolOf(job)))
                        .withSecondaryToPrimaryMapper(pool -> workerJobTriggers.ofPool(ResourceID.fromResource(pool)))
                        .withOnUpdateFilter((pool, before) -> !Objects.equals(
                                pool.getMetadata().getGeneration(),
                                before.getMetadata().getGeneration()))
                        .build(),
                context);
        return List.of(pools, workerJobTriggers);
    }
}
