package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.queue.RoleLogin;
import dev.pgworkerpool.status.Readiness;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** The first half of a pass: from the Secrets to a queue that is this pool's, with the schema and the logins as they should be. */
@ApplicationScoped
class QueueAccess {
    private static final Duration LOOK_AT_PROBLEMS_AGAIN = Duration.ofSeconds(4);

    private final CredentialReader secrets;
    private final PoolTriggers pools;
    private final WorkerJobTriggers workerJobs;
    private final InstantSource clock;

    QueueAccess(CredentialReader secrets, PoolTriggers pools, WorkerJobTriggers workerJobs, InstantSource clock) {
        this.secrets = secrets;
        this.pools = pools;
        this.workerJobs = workerJobs;
        this.clock = clock;
    }

    /** @throws PoolProblem SecretNotFound or DatabaseInUse */
    JobQueue open(PoolPass pass) {
        LivePool live = pass.live();
        if (!live.credentialProblems().isEmpty()) {
            live.credentials.forgetOlderThan(LOOK_AT_PROBLEMS_AGAIN, pass.now());
        }
        PoolCredentials credentials =
                live.credentials.get(pass.pool().getSpec(), pass.now(), () -> secrets.read(pass.pool()));
        JobQueue queue = live.database(credentials.connection(), new PoolSignals(live, pools, workerJobs, clock))
                .queue();
        takeLease(pass, queue);
        letIn(live, credentials.logins(), queue, pass);
        return queue;
    }

    /** A database has one queue, and a queue has one pool: also when the other one is in another cluster. */
    private void takeLease(PoolPass pass, JobQueue queue) {
        boolean suspended = pass.pool().getSpec().suspend();
        String ident = pass.namespace() + "/" + pass.name();
        Optional<String> owner =
                pass.live().lease.get(suspended, pass.now(), () -> queue.acquire(pass.live().uid, ident, suspended));
        if (owner.isPresent()) {
            pass.live().lease.forget();
            pass.live().deletedCancelled.forget();
            throw new PoolProblem(inUse(owner.get(), ident));
        }
    }

    private static Readiness inUse(String owner, String ident) {
        if (owner.equals(ident)) {
            return Readiness.reconciling(
                    "DatabaseInUse",
                    "the queue of this database belongs to another WorkerPool of this name;"
                            + " if that is deleted, the queue is free a minute later at most");
        }
        return Readiness.stalled("DatabaseInUse", "the queue of this database belongs to WorkerPool " + owner);
    }

    private void letIn(LivePool live, List<RoleLogin> logins, JobQueue queue, PoolPass pass) {
        live.refusedLogins.get(logins, pass.now(), () -> queue.setLogins(logins));
        boolean news = live.queue().isEmpty();
        live.queueIsOurs(logins, pass.pool().getMetadata().getGeneration(), news ? queue.uid() : live.queueUid());
        if (news) {
            workerJobs.poolChanged(live.id); // they wait for this
        }
    }
}
