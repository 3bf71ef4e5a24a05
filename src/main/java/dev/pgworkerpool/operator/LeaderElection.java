package dev.pgworkerpool.operator;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.UUID;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Lets one of several operators work while the others stand by. That two workers of one name never run together doesn't depend on
 * it.
 *
 * <p>Java Operator SDK 5.3.2 goes on reconciling when it has lost its lease; told to exit then, it waits for itself in its shutdown
 * hook. Nor does it give the lease back when it stops. So both are done here.
 */
@Singleton
class LeaderElection {
    private static final Logger LOG = Logger.getLogger(LeaderElection.class);

    private static final String LEASE = "pg-worker-pool-operator";
    /** Quarkus observers without a priority, the framework's stop among them, have 2500. */
    private static final int BEFORE_THE_FRAMEWORK_STOPS = 1000;

    private static final int AFTER_THE_FRAMEWORK_STOPPED = 4000;

    private final KubernetesClient client;
    private final boolean enabled;
    private final String identity = System.getenv().getOrDefault("HOSTNAME", "operator") + "_" + UUID.randomUUID();
    private volatile boolean stopping;

    LeaderElection(
            KubernetesClient client,
            @ConfigProperty(name = "pgwp.leader-election", defaultValue = "false") boolean enabled) {
        this.client = client;
        this.enabled = enabled;
    }

    /** Null: no election, this operator works at once. */
    @Produces
    @Dependent
    @Nullable
    LeaderElectionConfiguration configuration() {
        if (!enabled) {
            return null;
        }
        return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(LEASE)
                .withLeaseNamespace(client.getNamespace())
                .withIdentity(identity)
                .withLeaderCallbacks(new LeaderCallbacks(() -> {}, this::lost, leader -> {}))
                .build();
    }

    /** Somebody else may lead by now, so nothing more may be done here, not even an orderly end. */
    private void lost() {
        if (!stopping) {
            LOG.error("the leader's lease is lost: this process ends at once");
            Runtime.getRuntime().halt(1);
        }
    }

    void stopping(@Observes @Priority(BEFORE_THE_FRAMEWORK_STOPS) ShutdownEvent event) {
        stopping = true;
    }

    /** So that the next operator need not wait for its end. */
    void giveBack(@Observes @Priority(AFTER_THE_FRAMEWORK_STOPPED) ShutdownEvent event) {
        if (!enabled) {
            return;
        }
        try {
            Lease lease = client.leases()
                    .inNamespace(client.getNamespace())
                    .withName(LEASE)
                    .get();
            if (lease != null && identity.equals(lease.getSpec().getHolderIdentity())) {
                lease.getSpec().setHolderIdentity("");
                client.resource(lease).update();
            }
        } catch (KubernetesClientException e) {
            LOG.infof("the leader's lease ends by itself: %s", e.getMessage());
        }
    }
}
