package dev.pgworkerpool.status;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;

/**
 * Writes statuses, by server-side apply of the status alone.
 *
 * <p>Not through the framework's {@code UpdateControl}: Java Operator SDK 5.3.2 takes a change that comes while it patches
 * for its own and never tells of it (java-operator-sdk#3414).
 */
@ApplicationScoped
public class StatusPatch {
    private static final PatchContext APPLY = new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager("pg-worker-pool-operator")
            .withForce(true)
            .build();

    private final KubernetesClient client;

    StatusPatch(KubernetesClient client) {
        this.client = client;
    }

    /** What such an object needs besides its status. */
    public static ObjectMeta identityOf(HasMetadata resource) {
        return new ObjectMetaBuilder()
                .withNamespace(resource.getMetadata().getNamespace())
                .withName(resource.getMetadata().getName())
                .build();
    }

    /**
     * @param statusOnly with a status and its identity, nothing else
     * @return false when the resource is gone
     */
    public boolean apply(HasMetadata statusOnly) {
        try {
            client.resource(statusOnly).subresource("status").patch(APPLY);
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }
}
