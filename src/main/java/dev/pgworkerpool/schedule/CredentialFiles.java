package dev.pgworkerpool.schedule;

import dev.pgworkerpool.api.LoginSpec;
import dev.pgworkerpool.api.SecretKeyRef;
import dev.pgworkerpool.api.SecretRef;
import dev.pgworkerpool.api.WorkerPoolSpec;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.fabric8.kubernetes.api.model.VolumeProjectionBuilder;
import java.util.ArrayList;
import java.util.List;

/**
 * The pool's Secrets as files of the worker pod: {@code operator/username}, {@code operator/password} and the same below
 * {@code logins/<index>}.
 *
 * <p>Every Secret is optional for the kubelet: a missing one must not keep the pod from starting, because the other logins'
 * jobs can run. The worker says which one it misses when it needs it.
 */
final class CredentialFiles {
    static final String FOLDER = "/etc/pgworkerpool/credentials";
    static final String CA_FOLDER = "/etc/pgworkerpool/ca";

    private static final String CREDENTIALS = "credentials";
    private static final String CA = "ca";
    /** Read by the pod's group only: fsGroup makes the worker a member of it. */
    private static final int MODE = 0440;

    private CredentialFiles() {}

    static List<Volume> volumes(WorkerPoolSpec spec) {
        List<Volume> volumes = new ArrayList<>();
        volumes.add(new VolumeBuilder()
                .withName(CREDENTIALS)
                .withNewProjected()
                .withDefaultMode(MODE)
                .withSources(credentials(spec))
                .endProjected()
                .build());
        SecretKeyRef ca = spec.database().tls().caSecretRef();
        if (ca != null) {
            volumes.add(new VolumeBuilder()
                    .withName(CA)
                    .withNewSecret()
                    .withSecretName(ca.name())
                    .withOptional(true)
                    .withDefaultMode(MODE)
                    .withItems(new KeyToPath(ca.key(), null, ca.key()))
                    .endSecret()
                    .build());
        }
        return volumes;
    }

    static List<VolumeMount> mounts(WorkerPoolSpec spec) {
        List<VolumeMount> mounts = new ArrayList<>();
        mounts.add(mount(CREDENTIALS, FOLDER));
        if (spec.database().tls().caSecretRef() != null) {
            mounts.add(mount(CA, CA_FOLDER));
        }
        return mounts;
    }

    private static List<VolumeProjection> credentials(WorkerPoolSpec spec) {
        List<VolumeProjection> sources = new ArrayList<>();
        sources.add(source(spec.database().secretRef(), "operator/"));
        List<LoginSpec> logins = spec.logins();
        for (int i = 0; i < logins.size(); i++) {
            sources.add(source(logins.get(i).secretRef(), "logins/" + i + "/"));
        }
        return sources;
    }

    private static VolumeProjection source(SecretRef secret, String folder) {
        return new VolumeProjectionBuilder()
                .withNewSecret()
                .withName(secret.name())
                .withOptional(true)
                .withItems(
                        new KeyToPath("username", null, folder + "username"),
                        new KeyToPath("password", null, folder + "password"))
                .endSecret()
                .build();
    }

    private static VolumeMount mount(String volume, String path) {
        return new VolumeMountBuilder()
                .withName(volume)
                .withMountPath(path)
                .withReadOnly(true)
                .build();
    }
}
