package dev.pgworkerpool.system;

import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Path;

/** A namespace in which a test takes place, to be looked at when it fails. */
public interface Scene {
    /** With the rights of an administrator. */
    KubernetesClient client();

    String namespace();

    /** Writes what the operator and the workers wrote into this folder. */
    void keepLogs(Path folder) throws IOException;
}
