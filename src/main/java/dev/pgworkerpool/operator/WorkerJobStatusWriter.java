package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerJobStatus;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.status.EventRecorder;
import dev.pgworkerpool.status.StatusPatch;
import io.fabric8.kubernetes.api.model.Condition;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes a WorkerJob's status when it changed and then, only if that worked, tells what happened as an Event. */
@ApplicationScoped
class WorkerJobStatusWriter {
    private static final Duration BETWEEN_PROGRESS = Duration.ofSeconds(5);
    private static final Set<String> GETS_ON = Set.of("Running", "Starting", "WaitingForSlot", "WaitingForPredecessor");

    private final StatusPatch patch;
    private final EventRecorder events;
    private final WrittenStatuses<WorkerJobStatus> written = new WrittenStatuses<>();

    WorkerJobStatusWriter(StatusPatch patch, EventRecorder events) {
        this.patch = patch;
        this.events = events;
    }

    /** The status that stands there, as well as it is known. */
    @Nullable
    WorkerJobStatus latest(WorkerJob job, Instant now) {
        return written.latest(job.getMetadata().getUid(), job.getStatus(), now);
    }

    WorkerJobStatus write(WorkerJob job, WorkerJobProgress progress, Instant now) {
        WorkerJobStatus old = latest(job, now);
        WorkerJobStatus status = progress.status(job, old, now);
        if (status.equals(old)) {
            return status;
        }
        if (old != null && isMereProgress(status, old) && isJustWritten(job, now)) {
            return old;
        }
        if (patch.apply(job, status)) {
            written.put(job.getMetadata().getUid(), status, now);
            tell(job, status, old);
        }
        return status;
    }

    /** From statement to statement, while nothing keeps it from running. */
    private static boolean isMereProgress(WorkerJobStatus now, WorkerJobStatus old) {
        return now.phase() == Phase.Running
                && old.phase() == Phase.Running
                && GETS_ON.contains(reason(now))
                && GETS_ON.contains(reason(old));
    }

    /** Whoever waits for more is told at the next look. */
    private boolean isJustWritten(WorkerJob job, Instant now) {
        Instant last = written.writtenAt(job.getMetadata().getUid());
        return last != null && last.plus(BETWEEN_PROGRESS).isAfter(now);
    }

    private void tell(WorkerJob job, WorkerJobStatus now, @Nullable WorkerJobStatus old) {
        if (now.jobIds() != null && (old == null || old.jobIds() == null)) {
            String ids = now.jobIds().stream().map(String::valueOf).collect(Collectors.joining(", "));
            events.normal(job, "Queued", "queued for worker \"" + job.getSpec().worker() + "\" as " + jobs(now) + ids);
        }
        if (now.startedAt() != null && (old == null || old.startedAt() == null)) {
            events.normal(job, "Started", "worker \"" + job.getSpec().worker() + "\" has begun with it");
        } else if (reason(now).equals("Running") && attempts(now) > attempts(old)) {
            events.normal(job, "Attempt", String.valueOf(now.message()));
        }
        if (reason(now).equals("Retrying")
                && (old == null || !reason(old).equals("Retrying") || attempts(now) > attempts(old))) {
            events.warning(job, "AttemptFailed", String.valueOf(now.message()));
        }
        if (now.phase() == null || (old != null && now.phase() == old.phase())) {
            return;
        }
        String message = String.valueOf(now.message());
        switch (now.phase()) {
            case Succeeded -> events.normal(job, "Succeeded", message);
            case Failed -> events.warning(job, "Failed", message);
            case Cancelled -> events.warning(job, "Cancelled", message);
            case Pending, Queued, Running, Suspended -> {}
        }
    }

    private static int attempts(@Nullable WorkerJobStatus status) {
        return status == null || status.attempts() == null ? 0 : status.attempts();
    }

    /** Of the condition Ready. */
    private static String reason(WorkerJobStatus status) {
        List<Condition> conditions = status.conditions() == null ? List.of() : status.conditions();
        return conditions.stream()
                .filter(each -> each.getType().equals("Ready"))
                .map(Condition::getReason)
                .findFirst()
                .orElse("");
    }

    private static String jobs(WorkerJobStatus status) {
        return status.jobIds() != null && status.jobIds().size() == 1 ? "job " : "jobs ";
    }
}
