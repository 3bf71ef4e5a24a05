package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.Api;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.schedule.Turns;
import dev.pgworkerpool.schedule.WorkerPodFactory;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The Jobs and pods of workers, by pool, as the API has told so far.
 *
 * <p>Whatever lives is among what is read here, also while it is being updated: slots are counted by it. An index of the informer
 * doesn't promise that. The framework's {@code getSecondaryResources} does, but takes the hash of all that each Job and pod says.
 */
class TurnInformers {
    private TurnInformers() {}

    static List<EventSource<?, WorkerPool>> open(EventSourceContext<WorkerPool> context) {
        return List.of(informer(Job.class, context), informer(Pod.class, context));
    }

    /** The turns of the pool that this pass is about; their Jobs and pods are the cache's own, not to be changed. */
    static Turns turns(Context<WorkerPool> context, Instant now) {
        return Turns.of(workers(Job.class, context), workers(Pod.class, context), now);
    }

    private static <R extends HasMetadata> List<R> workers(Class<R> type, Context<WorkerPool> context) {
        var informer = (InformerEventSource<R, WorkerPool>)
                context.eventSourceRetriever().getEventSourceFor(type);
        ObjectMeta pool = context.getPrimaryResource().getMetadata();
        return informer.list(pool.getNamespace(), worker -> pool.getName().equals(poolName(worker)))
                .toList();
    }

    private static <R extends HasMetadata> InformerEventSource<R, WorkerPool> informer(
            Class<R> type, EventSourceContext<WorkerPool> context) {
        String selector = WorkerPodFactory.LABELS.entrySet().stream()
                .map(label -> label.getKey() + "=" + label.getValue())
                .sorted()
                .collect(Collectors.joining(","));
        return new InformerEventSource<>(
                InformerEventSourceConfiguration.from(type, WorkerPool.class)
                        .withLabelSelector(selector)
                        .withSecondaryToPrimaryMapper(TurnInformers::poolOf)
                        .build(),
                context);
    }

    private static Set<ResourceID> poolOf(HasMetadata worker) {
        String pool = poolName(worker);
        return pool == null
                ? Set.of()
                : Set.of(new ResourceID(pool, worker.getMetadata().getNamespace()));
    }

    private static @Nullable String poolName(HasMetadata worker) {
        return worker.getMetadata().getLabels().get(Api.POOL_LABEL);
    }
}
