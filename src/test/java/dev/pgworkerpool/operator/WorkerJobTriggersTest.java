package dev.pgworkerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.status.PoolMetrics;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

/** Which WorkerJobs may still have something in a queue, by what the API tells. */
class WorkerJobTriggersTest {
    private final LivePools pools = new LivePools(new PoolMetrics(new SimpleMeterRegistry(), InstantSource.system()));
    private final WorkerJobTriggers triggers = new WorkerJobTriggers(pools, new PoolTriggers(pools));

    @Test
    void one_is_known_from_its_creation_to_its_end() {
        WorkerJob queued = workerJob("1", "Queued");
        triggers.onResourceCreated(queued);
        assertThat(triggers.knows("1")).isTrue();
        triggers.onResourceUpdated(workerJob("1", "Running"), queued);
        assertThat(triggers.knows("1")).isTrue();
        triggers.onResourceUpdated(workerJob("1", "Succeeded"), queued);
        assertThat(triggers.knows("1")).isFalse();
    }

    @Test
    void one_that_had_ended_before_the_operator_came_is_not_known() {
        triggers.onResourceCreated(workerJob("1", "Failed"));
        assertThat(triggers.knows("1")).isFalse();
    }

    @Test
    void one_that_is_deleted_is_not_known_any_more() {
        triggers.onResourceCreated(workerJob("1", "Queued"));
        triggers.onResourceDeleted(workerJob("1", "Queued"));
        assertThat(triggers.knows("1")).isFalse();
    }

    @Test
    void one_that_somebodys_finalizer_keeps_counts_as_deleted() {
        WorkerJob queued = workerJob("1", "Queued");
        triggers.onResourceCreated(queued);
        WorkerJob marked = workerJob("1", "Queued");
        marked.getMetadata().setDeletionTimestamp("2026-01-01T12:00:00Z");
        triggers.onResourceUpdated(marked, queued);
        assertThat(triggers.knows("1")).isFalse();
    }

    /** While the connection to the API was lost. */
    @Test
    void one_that_was_deleted_and_made_anew_is_the_new_one_only() {
        triggers.onResourceCreated(workerJob("1", "Queued"));
        triggers.onResourceUpdated(workerJob("2", "Pending"), workerJob("1", "Queued"));
        assertThat(triggers.knows("1")).isFalse();
        assertThat(triggers.knows("2")).isTrue();
    }

    private static WorkerJob workerJob(String uid, String phase) {
        return Serialization.unmarshal("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerJob
                metadata: {name: reindex, namespace: default, uid: "%s"}
                status: {phase: %s}
                """.formatted(uid, phase), WorkerJob.class);
    }
}
