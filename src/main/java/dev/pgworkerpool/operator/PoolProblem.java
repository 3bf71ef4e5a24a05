package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.DatabaseProblem;
import dev.pgworkerpool.status.Readiness;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClientException;

/** Why a pass over a pool can't go on, as the pool's condition will say it. */
final class PoolProblem extends RuntimeException {
    private final Readiness readiness;

    PoolProblem(Readiness readiness) {
        super(readiness.message());
        this.readiness = readiness;
    }

    Readiness readiness() {
        return readiness;
    }

    /** The API's own words. */
    static Readiness of(KubernetesClientException problem) {
        return Readiness.reconciling("KubernetesError", words(problem));
    }

    /** What the API says, without what the client adds; where it said nothing, what kept the client from asking. */
    static String words(KubernetesClientException problem) {
        Status status = problem.getStatus();
        return String.valueOf(status == null ? cause(problem).getMessage() : status.getMessage());
    }

    private static Throwable cause(Throwable problem) {
        return problem.getCause() == null ? problem : cause(problem.getCause());
    }

    /** The database's own words; all of it may heal without us, so all is tried again. */
    static Readiness of(DatabaseProblem problem) {
        String reason = switch (problem.kind()) {
            case UNAVAILABLE -> "DatabaseUnavailable";
            case CREDENTIALS_REJECTED -> "CredentialsRejected";
            case SCHEMA_NOT_INSTALLED -> "SchemaNotInstalled";
            case NOT_ALLOWED -> "PrivilegeMissing";
            case INVALID, FAILED -> "DatabaseError";
        };
        return Readiness.reconciling(reason, problem.text());
    }
}
