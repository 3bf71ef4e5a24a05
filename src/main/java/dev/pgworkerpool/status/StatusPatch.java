package dev.pgworkerpool.status;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Map;

/**
 * Writes statuses, each as a whole, by a JSON patch that asks first whether this is still the same resource: one that was deleted
 * and made anew under its name must not get the status of the one before. Server-side apply would not notice, as the API
 * ignores the uid in a patch of a status.
 *
 * <p>Not through the framework's {@code UpdateControl}: Java Operator SDK 5.3.2 takes a change that comes while it patches
 * for its own and never tells of it (java-operator-sdk#3414).
 */
@ApplicationScoped
public class StatusPatch {
    private static final int UNPROCESSABLE = 422;
    private static final PatchContext PATCH = new PatchContext.Builder()
            .withPatchType(PatchType.JSON)
            .withFieldManager("pg-worker-pool-operator")
            .build();

    private final KubernetesClient client;

    StatusPatch(KubernetesClient client) {
        this.client = client;
    }

    /** @return false when the resource is gone, or another one has its name by now */
    public boolean apply(HasMetadata resource, Object status) {
        String operations = Serialization.asJson(List.of(
                Map.of(
                        "op", "test",
                        "path", "/metadata/uid",
                        "value", resource.getMetadata().getUid()),
                Map.of(
                        "op", "add",
                        "path", "/status",
                        "value", status)));
        try {
            client.resource(resource).subresource("status").patch(PATCH, operations);
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND || testFailed(e)) {
                return false;
            }
            throw e;
        }
    }

    /** An invalid status would have causes. */
    private static boolean testFailed(KubernetesClientException e) {
        Status answer = e.getStatus();
        return e.getCode() == UNPROCESSABLE
                && (answer == null
                        || answer.getDetails() == null
                        || answer.getDetails().getCauses().isEmpty());
    }
}
