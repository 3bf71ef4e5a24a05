package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;

import dev.pgworkerpool.api.WorkerJobStatus;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import java.util.List;
import java.util.Objects;

/** The WorkerJobs of a system, as somebody handles and sees them who has kubectl only. */
public record WorkerJobs(RunningSystem system) {
    /** For the pool {@link RunningSystem#POOL}; the lines of its spec besides that. */
    public void apply(String name, String... spec) {
        applyTo(RunningSystem.POOL, name, spec);
    }

    void applyTo(String pool, String name, String... spec) {
        system.apply("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerJob
                metadata: {name: %s}
                spec:
                  poolRef: {name: %s}
                """.formatted(name, pool) + String.join("\n", spec).indent(2));
    }

    void delete(String name) {
        system.workerJobs().withName(name).delete();
    }

    WorkerJobStatus status(String name) {
        return Objects.requireNonNull(system.workerJob(name).getStatus());
    }

    /** Pending before its first status, too. */
    Phase phase(String name) {
        var status = system.workerJob(name).getStatus();
        return status == null || status.phase() == null ? Phase.Pending : status.phase();
    }

    /** Why it is ready or not; empty before its first status. */
    String reason(String name) {
        var status = system.workerJob(name).getStatus();
        return status == null || status.conditions() == null
                ? ""
                : RunningSystem.ready(status.conditions()).replaceFirst(".* ", "");
    }

    /** The reasons of its Events. */
    List<String> events(String name) {
        return system.events().stream()
                .filter(event -> event.getRegarding().getName().equals(name))
                .map(Event::getReason)
                .toList();
    }

    void awaitPhase(String name, Phase phase) {
        eventually().alias(name + " becomes " + phase).until(() -> phase(name) == phase);
    }

    void awaitReason(String name, String reason) {
        eventually().alias(name + " is " + reason).until(() -> reason(name).equals(reason));
    }

    void awaitGone(String name) {
        eventually()
                .alias(name + " is gone")
                .until(() -> system.workerJobs().withName(name).get() == null);
    }
}
