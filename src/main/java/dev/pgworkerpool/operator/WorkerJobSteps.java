package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.Timespan;
import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerJobSpec;
import dev.pgworkerpool.api.WorkerJobStatus;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.queue.DatabaseProblem;
import dev.pgworkerpool.queue.JobOptions;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.queue.QueuedStatement;
import dev.pgworkerpool.queue.WorkerJobRequest;
import dev.pgworkerpool.status.Readiness;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Brings a WorkerJob into its pool's queue, once, and looks how far it is there. */
@ApplicationScoped
class WorkerJobSteps {
    private final LivePools pools;
    private final WorkerJobTriggers workerJobs;

    WorkerJobSteps(LivePools pools, WorkerJobTriggers workerJobs) {
        this.pools = pools;
        this.workerJobs = workerJobs;
    }

    /**
     * @param pool null when there is none of that name
     * @param status as it stands there
     * @return how it stands; empty when that can't be known now and what its status says should stay
     */
    Optional<WorkerJobProgress> advance(WorkerJob job, @Nullable WorkerPool pool, @Nullable WorkerJobStatus status) {
        List<Long> jobIds = status == null ? null : status.jobIds();
        if (pool == null) {
            return Optional.of(waits(
                    job,
                    status,
                    Readiness.reconciling(
                            "PoolNotFound", "there is no WorkerPool \"" + name(job) + "\" in this namespace")));
        }
        Optional<LivePool> live = pools.find(ResourceID.fromResource(pool));
        Optional<JobQueue> queue = live.flatMap(LivePool::queue);
        if (queue.isEmpty()) {
            return live.flatMap(found -> waitsForPool(job, found, status));
        }
        if (status != null
                && jobIds != null
                && status.queue() != null
                && !live.get().queueUid().equals(status.queue())) {
            return Optional.of(waits(
                    job,
                    status,
                    Readiness.reconciling(
                            "DatabaseChanged",
                            "it was queued in another database than WorkerPool \"" + name(job) + "\" has now")));
        }
        try {
            if (isHeldBack(job, status)) {
                return Optional.of(suspendedOrQueued(job, pool, live.get(), queue.get(), status));
            }
            return jobIds == null
                    ? enqueue(job, pool, live.get(), queue.get())
                    : Optional.of(look(job, pool, live.get(), queue.get(), jobIds, status));
        } catch (DatabaseProblem problem) {
            if (problem.concernsAll()) {
                live.get().queueFailed(); // or every WorkerJob of this pool would wait for the same time-out
            }
            return jobIds == null
                    ? Optional.of(waits(job, status, forPool(PoolProblem.of(problem))))
                    : Optional.empty();
        }
    }

    /** It is suspended, and not queued as far as its status says. */
    private static boolean isHeldBack(WorkerJob job, @Nullable WorkerJobStatus status) {
        return job.getSpec().suspend() && (status == null || status.jobIds() == null);
    }

    private static WorkerJobProgress suspended() {
        return WorkerJobProgress.notQueued(
                Phase.Suspended, Readiness.halted("Suspended", "it is queued when spec.suspend becomes false"));
    }

    /** An operator that died may have queued it just before, or one that is dying may do it just behind. */
    private static WorkerJobProgress suspendedOrQueued(
            WorkerJob job, WorkerPool pool, LivePool live, JobQueue queue, @Nullable WorkerJobStatus status) {
        List<Long> jobIds = queue.workerJob(UUID.fromString(job.getMetadata().getUid())).stream()
                .map(QueuedStatement::id)
                .toList();
        return jobIds.isEmpty() ? suspended() : look(job, pool, live, queue, jobIds, status);
    }

    private static Optional<WorkerJobProgress> waitsForPool(
            WorkerJob job, LivePool live, @Nullable WorkerJobStatus status) {
        Readiness found = live.readiness();
        return found == null || found.state() == Readiness.State.READY
                ? Optional.empty() // not looked at, or not again; we are told when it was
                : Optional.of(waits(job, status, forPool(found)));
    }

    private static Readiness forPool(Readiness problem) {
        return Readiness.reconciling(problem.reason(), "it waits for its WorkerPool: " + problem.message());
    }

    /** What is queued already stays as it is, as far as anybody knows; what is suspended waits for that to be lifted first. */
    private static WorkerJobProgress waits(WorkerJob job, @Nullable WorkerJobStatus status, Readiness why) {
        if (isHeldBack(job, status)) {
            return suspended();
        }
        return status == null || status.jobIds() == null || status.phase() == null
                ? WorkerJobProgress.notQueued(Phase.Pending, why)
                : WorkerJobProgress.unseen(status.phase(), status.jobIds(), why);
    }

    private Optional<WorkerJobProgress> enqueue(WorkerJob job, WorkerPool pool, LivePool live, JobQueue queue) {
        String uid = job.getMetadata().getUid();
        if (!workerJobs.knows(uid)) {
            return Optional.empty(); // deleted while this waited for its turn
        }
        String role = job.getSpec().role();
        if (role == null) {
            // Those of the spec count: that a Secret is missing just now must not give the job to another role.
            int logins = pool.getSpec().logins().size();
            if (logins != 1) {
                return pending(
                        "RoleNotAllowed",
                        "spec.role is left out, which needs a pool with exactly one login; this one has " + logins);
            }
            if (live.generation() != pool.getMetadata().getGeneration()) {
                return Optional.empty(); // the pool's next pass learns whose login it is
            }
            if (live.logins().isEmpty()) {
                return pending("RoleNotAllowed", "the only login of its WorkerPool can't be used now");
            }
            role = live.logins().getFirst().role();
        }
        List<Long> jobIds;
        try {
            jobIds = queue.enqueue(request(job, role));
        } catch (DatabaseProblem problem) {
            switch (problem.kind()) {
                case NOT_ALLOWED -> {
                    return pending("RoleNotAllowed", problem.text());
                }
                case INVALID -> {
                    return Optional.of(refused(problem.text()));
                }
                default -> throw problem;
            }
        } catch (DateTimeException e) {
            return Optional.of(refused(String.valueOf(e.getMessage())));
        } finally {
            if (!workerJobs.knows(uid)) {
                workerJobs.deleted(job); // a pass that looked already may have come too early
            }
        }
        return Optional.of(look(job, pool, live, queue, jobIds, null));
    }

    private static WorkerJobProgress refused(String message) {
        return WorkerJobProgress.notQueued(Phase.Failed, Readiness.stalled("StatementRefused", message));
    }

    private static WorkerJobProgress look(
            WorkerJob job,
            WorkerPool pool,
            LivePool live,
            JobQueue queue,
            List<Long> jobIds,
            @Nullable WorkerJobStatus status) {
        return WorkerJobProgress.queued(
                live.queueUid(),
                jobIds,
                queue.workerJob(UUID.fromString(job.getMetadata().getUid())),
                status,
                statement -> WaitingReason.inWords(statement, job, pool));
    }

    private static WorkerJobRequest request(WorkerJob job, String role) {
        WorkerJobSpec spec = job.getSpec();
        return new WorkerJobRequest(
                UUID.fromString(job.getMetadata().getUid()),
                origin(job.getMetadata().getNamespace(), job.getMetadata().getName()),
                spec.worker(),
                spec.statements(),
                role,
                options(spec));
    }

    /** @throws DateTimeException for a date that looks like one and is none, such as February 30th */
    private static JobOptions options(WorkerJobSpec spec) {
        String timeout = spec.timeout();
        String runAt = spec.runAt();
        return new JobOptions(
                spec.autocommit(),
                timeout == null ? null : Timespan.parse(timeout),
                spec.maxAttempts(),
                Timespan.parse(spec.retryDelay()),
                runAt == null ? null : OffsetDateTime.parse(runAt).toInstant(),
                switch (spec.onFailure()) {
                    case CANCEL_REST -> "cancel_batch";
                    case CONTINUE -> "continue";
                    case PAUSE -> "pause";
                });
    }

    /** What {@code worker_pool.jobs.origin} says of its statements. */
    static String origin(String namespace, String name) {
        return "workerjob/" + namespace + "/" + name;
    }

    private static Optional<WorkerJobProgress> pending(String reason, String message) {
        return Optional.of(WorkerJobProgress.notQueued(Phase.Pending, Readiness.reconciling(reason, message)));
    }

    private static String name(WorkerJob job) {
        return job.getSpec().poolRef().name();
    }
}
