package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerJobSpec;
import dev.pgworkerpool.api.WorkerJobSpec.OnFailure;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.queue.DatabaseProblem;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.queue.RoleLogin;
import dev.pgworkerpool.queue.WorkerJobRequest;
import dev.pgworkerpool.status.Readiness;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Brings a WorkerJob into its pool's queue, once, and looks how far it is there. */
@ApplicationScoped
class WorkerJobSteps {
    private final LivePools pools;
    private final WorkerJobEvents workerJobs;

    WorkerJobSteps(LivePools pools, WorkerJobEvents workerJobs) {
        this.pools = pools;
        this.workerJobs = workerJobs;
    }

    /**
     * @param pool null when there is none of that name
     * @return how it stands; empty when that can't be known now and what its status says should stay
     */
    Optional<JobProgress> advance(WorkerJob job, @Nullable WorkerPool pool, @Nullable List<Long> jobIds) {
        if (job.getSpec().suspend() && jobIds == null) {
            return Optional.of(JobProgress.notQueued(
                    Phase.Suspended, Readiness.halted("Suspended", "it is queued when spec.suspend becomes false")));
        }
        if (pool == null) {
            return jobIds == null
                    ? pending("PoolNotFound", "there is no WorkerPool \"" + name(job) + "\" in this namespace")
                    : Optional.empty();
        }
        Optional<LivePool> live = pools.find(ResourceID.fromResource(pool));
        Optional<JobQueue> queue = live.flatMap(LivePool::queue);
        if (queue.isEmpty()) {
            return jobIds == null ? live.flatMap(this::waitsForPool) : Optional.empty();
        }
        try {
            return progress(job, pool, live.get(), queue.get(), jobIds);
        } catch (DatabaseProblem problem) {
            return refused(problem, live.get(), jobIds);
        }
    }

    private Optional<JobProgress> waitsForPool(LivePool live) {
        Readiness found = live.readiness();
        return found == null
                ? Optional.empty() // not looked at yet; we are told when it was
                : pending(found.reason(), "it waits for its WorkerPool: " + found.message());
    }

    private Optional<JobProgress> progress(
            WorkerJob job, WorkerPool pool, LivePool live, JobQueue queue, @Nullable List<Long> known) {
        String uid = job.getMetadata().getUid();
        List<Long> jobIds = known;
        if (jobIds == null) {
            if (!workerJobs.knows(uid)) {
                return Optional.empty(); // deleted while this waited for its turn
            }
            Optional<String> role = role(job.getSpec(), live.logins());
            if (role.isEmpty()) {
                return Optional.of(JobProgress.notQueued(Phase.Pending, roleLeftOut(live.logins())));
            }
            try {
                jobIds = queue.enqueue(request(job, role.get()));
            } finally {
                if (!workerJobs.knows(uid)) {
                    workerJobs.deleted(job); // a pass that looked already may have come too early
                }
            }
        }
        return Optional.of(JobProgress.queued(
                jobIds,
                queue.workerJob(UUID.fromString(uid)),
                statement -> WaitingReason.inWords(statement, job, pool)));
    }

    private Optional<JobProgress> refused(DatabaseProblem problem, LivePool live, @Nullable List<Long> jobIds) {
        switch (problem.kind()) {
            case NOT_ALLOWED -> {
                return pending("RoleNotAllowed", problem.text());
            }
            case INVALID -> {
                return Optional.of(
                        JobProgress.notQueued(Phase.Failed, Readiness.stalled("StatementRefused", problem.text())));
            }
            default -> {
                if (problem.concernsAll()) {
                    live.queueFailed(); // or every WorkerJob of this pool would wait for the same time-out
                }
                return jobIds == null
                        ? pending(PoolProblem.of(problem).reason(), "it waits for its WorkerPool: " + problem.text())
                        : Optional.empty();
            }
        }
    }

    /** The role that queues it: named, or that of the pool's only login. */
    private static Optional<String> role(WorkerJobSpec spec, List<RoleLogin> logins) {
        if (spec.role() != null) {
            return Optional.of(spec.role());
        }
        return logins.size() == 1 ? Optional.of(logins.getFirst().role()) : Optional.empty();
    }

    private static Readiness roleLeftOut(List<RoleLogin> logins) {
        return Readiness.reconciling(
                "RoleNotAllowed",
                "spec.role is left out, which needs a pool with exactly one login; this one has " + logins.size());
    }

    private static WorkerJobRequest request(WorkerJob job, String role) {
        WorkerJobSpec spec = job.getSpec();
        return new WorkerJobRequest(
                UUID.fromString(job.getMetadata().getUid()),
                "workerjob/" + job.getMetadata().getNamespace() + "/"
                        + job.getMetadata().getName(),
                spec.worker(),
                spec.statements(),
                role,
                spec.onFailure() == OnFailure.CONTINUE ? "continue" : "cancel_batch");
    }

    private static Optional<JobProgress> pending(String reason, String message) {
        return Optional.of(JobProgress.notQueued(Phase.Pending, Readiness.reconciling(reason, message)));
    }

    private static String name(WorkerJob job) {
        return job.getSpec().poolRef().name();
    }
}
