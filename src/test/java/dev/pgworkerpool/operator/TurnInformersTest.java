package dev.pgworkerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.api.Api;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import dev.pgworkerpool.schedule.WorkerPodFactory;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TurnInformersTest {
    private static final String POOL = """
            apiVersion: pgworkerpool.dev/v1alpha1
            kind: WorkerPool
            metadata: {name: %s}
            spec:
              database: {host: localhost, name: none, secretRef: {name: none}}
              logins: [{secretRef: {name: none}}]
            """;

    private EmbeddedCluster cluster;
    private KubernetesClient client;

    @BeforeEach
    void start(@TempDir Path dir) throws Exception {
        cluster = EmbeddedCluster.start(dir, NodeImage.asIs());
        cluster.applyCrds(Path.of("crds"));
        client = cluster.client();
        client.resource(POOL.formatted("library")).create();
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void a_turn_is_there_also_while_its_Job_is_updated() {
        var names = Set.of("one", "two", "three");
        names.forEach(name -> create(name, "library"));
        create("of another pool", "archive");
        var reader = new Reader();
        var operator = new Operator(settings -> settings.withKubernetesClient(client));
        operator.register(reader);
        operator.start();
        try {
            await().until(() -> reader.seen.contains(names));
            reader.seen.clear();
            for (int i = 0; i < 200; i++) {
                update("one", i);
            }
            assertThat(reader.seen).containsExactly(names);
        } finally {
            reader.ended = true;
            operator.stop();
        }
    }

    private void create(String name, String pool) {
        client.resource(new JobBuilder()
                        .withNewMetadata()
                        .withName(name.replace(' ', '-'))
                        .withLabels(WorkerPodFactory.LABELS)
                        .addToLabels(Api.POOL_LABEL, pool)
                        .endMetadata()
                        .withNewSpec()
                        .withSuspend(true)
                        .withNewTemplate()
                        .withNewSpec()
                        .withRestartPolicy("Never")
                        .addNewContainer()
                        .withName("worker")
                        .withImage("none")
                        .endContainer()
                        .endSpec()
                        .endTemplate()
                        .endSpec()
                        .build())
                .create();
    }

    private void update(String name, int number) {
        client.resources(Job.class)
                .withName(name)
                .edit(job -> job.edit()
                        .editMetadata()
                        .addToAnnotations("update", Integer.toString(number))
                        .endMetadata()
                        .build());
    }

    /** Does nothing but look. */
    @ControllerConfiguration
    static final class Reader implements Reconciler<WorkerPool> {
        /** All that it saw at once, ever. */
        final Set<Set<String>> seen = ConcurrentHashMap.newKeySet();

        volatile boolean ended;

        @Override
        public UpdateControl<WorkerPool> reconcile(WorkerPool pool, Context<WorkerPool> context) {
            while (!ended) {
                seen.add(Set.copyOf(
                        TurnInformers.turns(context, Instant.now()).byJobName().keySet()));
            }
            return UpdateControl.noUpdate();
        }

        @Override
        public List<EventSource<?, WorkerPool>> prepareEventSources(EventSourceContext<WorkerPool> context) {
            return TurnInformers.open(context);
        }
    }
}
