package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.queue.DatabaseProblem;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.schedule.Demand;
import dev.pgworkerpool.status.Readiness;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.MaxReconciliationInterval;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.rate.RateLimited;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * One pass over one pool. Passes of a pool come one at a time, so counting slots needs no lock; they come at every change of its
 * Jobs and pods, at every notification of its database, and at least every 5 s.
 */
@ControllerConfiguration(
        name = "workerpool",
        maxReconciliationInterval = @MaxReconciliationInterval(interval = 10, timeUnit = TimeUnit.SECONDS))
// Anybody in the database can notify without end.
@RateLimited(maxReconciliations = 5, within = 100, unit = TimeUnit.MILLISECONDS)
public class WorkerPoolReconciler implements Reconciler<WorkerPool> {
    private static final Logger LOG = Logger.getLogger(WorkerPoolReconciler.class);

    /** Nothing is missed for longer, whatever notification or change of a resource was. */
    static final Duration SWEEP = Duration.ofSeconds(5);

    private static final Duration SOON = Duration.ofMillis(20);

    private final LivePools pools;
    private final PoolTriggers poolTriggers;
    private final WorkerJobTriggers workerJobTriggers;
    private final QueueAccess access;
    private final TurnEnder turnEnder;
    private final NeverStartingWorkers neverStartingWorkers;
    private final LateWorkers lateWorkers;
    private final DeletedWorkerJobs deletedWorkerJobs;
    private final MissingLogins missingLogins;
    private final SlotFiller slotFiller;
    private final PoolFigureReader figureReader;
    private final Retention retention;
    private final PoolStatusWriter statusWriter;
    private final InstantSource clock;

    WorkerPoolReconciler(
            LivePools pools,
            PoolTriggers poolTriggers,
            WorkerJobTriggers workerJobTriggers,
            QueueAccess access,
            TurnEnder turnEnder,
            NeverStartingWorkers neverStartingWorkers,
            LateWorkers lateWorkers,
            DeletedWorkerJobs deletedWorkerJobs,
            MissingLogins missingLogins,
            SlotFiller slotFiller,
            PoolFigureReader figureReader,
            Retention retention,
            PoolStatusWriter statusWriter,
            InstantSource clock) {
        this.pools = pools;
        this.poolTriggers = poolTriggers;
        this.workerJobTriggers = workerJobTriggers;
        this.access = access;
        this.turnEnder = turnEnder;
        this.neverStartingWorkers = neverStartingWorkers;
        this.lateWorkers = lateWorkers;
        this.deletedWorkerJobs = deletedWorkerJobs;
        this.missingLogins = missingLogins;
        this.slotFiller = slotFiller;
        this.figureReader = figureReader;
        this.retention = retention;
        this.statusWriter = statusWriter;
        this.clock = clock;
    }

    @Override
    public UpdateControl<WorkerPool> reconcile(WorkerPool pool, Context<WorkerPool> context) {
        if (pool.isMarkedForDeletion()) {
            return UpdateControl.noUpdate();
        }
        Instant now = clock.instant();
        PoolPass pass = new PoolPass(pool, pools.of(pool), TurnInformers.turns(context, now), now);
        Duration next = SWEEP;
        try {
            next = run(pass);
        } catch (PoolProblem problem) {
            report(pass, problem.readiness());
        } catch (DatabaseProblem problem) {
            report(pass, PoolProblem.of(problem));
        } catch (KubernetesClientException e) {
            statusWriter.write(pass, PoolProblem.of(e), null);
        } catch (RuntimeException e) {
            // The framework would give up after five attempts; a sweep never does.
            LOG.errorf(e, "%s: this pass failed, the next one comes", pass.live());
            statusWriter.write(pass, Readiness.reconciling("InternalError", e.toString()), null);
        }
        return UpdateControl.<WorkerPool>noUpdate().rescheduleAfter(next);
    }

    private Duration run(PoolPass pass) {
        JobQueue queue = access.open(pass);
        turnEnder.run(pass, queue);
        lateWorkers.run(pass);
        neverStartingWorkers.run(pass);
        deletedWorkerJobs.run(pass, queue);
        Duration nextDue = queue.admitDue().orElse(SWEEP);
        List<Demand> demand = queue.demand();
        missingLogins.run(pass, demand);
        Duration next = slotFiller.run(pass, queue, demand);
        Duration statusDue =
                statusWriter.write(pass, PoolReadiness.of(pass, queue), figureReader.read(pass, queue, demand));
        Duration moreToDelete = retention.run(pass, queue);
        Duration soonest = Collections.min(List.of(next, nextDue, statusDue, moreToDelete, SWEEP));
        return soonest.compareTo(SOON) < 0 ? SOON : soonest;
    }

    private void report(PoolPass pass, Readiness problem) {
        Readiness before = pass.live().readiness();
        pass.live().doubtAll();
        statusWriter.write(pass, problem, null);
        if (before == null || !before.reason().equals(problem.reason())) {
            workerJobTriggers.poolChanged(pass.live().id); // they say why they wait
        }
    }

    /** Called once, before the informers start. */
    @Override
    public List<EventSource<?, WorkerPool>> prepareEventSources(EventSourceContext<WorkerPool> context) {
        return Stream.concat(TurnInformers.open(context).stream(), Stream.of(poolTriggers))
                .toList();
    }
}
