package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobConditionBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import java.util.ArrayList;
import java.util.Optional;

/** The conditions of a Kubernetes Job. */
final class JobConditions {
    static final String COMPLETE = "Complete";
    static final String SUCCESS_CRITERIA_MET = "SuccessCriteriaMet";
    static final String FAILED = "Failed";
    static final String FAILURE_TARGET = "FailureTarget";
    static final String SUSPENDED = "Suspended";

    private JobConditions() {}

    static Optional<JobCondition> find(JobStatus status, String type) {
        return status.getConditions().stream()
                .filter(condition -> condition.getType().equals(type))
                .findFirst();
    }

    static boolean isTrue(JobStatus status, String type) {
        return find(status, type)
                .filter(condition -> condition.getStatus().equals("True"))
                .isPresent();
    }

    /** Nothing will happen to it any more. */
    static boolean isFinished(Job job) {
        return job.getStatus() != null && (isTrue(job.getStatus(), COMPLETE) || isTrue(job.getStatus(), FAILED));
    }

    static void set(JobStatus status, String type, String value, String reason, String message) {
        if (find(status, type)
                .filter(condition -> condition.getStatus().equals(value))
                .isPresent()) {
            return;
        }
        var conditions = new ArrayList<>(status.getConditions());
        conditions.removeIf(condition -> condition.getType().equals(type));
        conditions.add(new JobConditionBuilder()
                .withType(type)
                .withStatus(value)
                .withReason(reason)
                .withMessage(message)
                .withLastProbeTime(Json.now())
                .withLastTransitionTime(Json.now())
                .build());
        status.setConditions(conditions);
    }
}
