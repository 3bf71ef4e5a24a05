package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** A namespace stays until it is empty: {@link NamespaceController}. */
final class NamespaceRules implements KindRules {
    static final String FINALIZER = "kubernetes";

    @Override
    public void prepare(ObjectNode namespace, @Nullable ObjectNode current) {
        Json.metadata(namespace).withObject("/labels").put("kubernetes.io/metadata.name", Json.name(namespace));
        if (current == null) {
            namespace.withObject("/spec").putArray("finalizers").add(FINALIZER);
            namespace.withObject("/status").put("phase", "Active");
        } else {
            namespace.withObject("/spec").set("finalizers", Json.at(current, "spec", "finalizers"));
        }
    }
}
