package dev.pgworkerpool.operator;

import dev.pgworkerpool.api.Api;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.schedule.Turns;
import dev.pgworkerpool.schedule.WorkerPodFactory;
import io.fabric8.kubernetes.api.model.HasMetadata;
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
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The Jobs and pods of workers, by pool, as the API has told so far. They are read as they are in the cache, by an index: the
 * framework's {@code getSecondaryResources} puts them in hash sets, and so takes the hash of all that each Job and each pod says.
 */
class TurnInformers {
    private static final String BY_POOL = "pool";

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
        return informer.byIndex(BY_POOL, ResourceID.toString(context.getPrimaryResource()));
    }

    private static <R extends HasMetadata> InformerEventSource<R, WorkerPool> informer(
            Class<R> type, EventSourceContext<WorkerPool> context) {
        String selector = WorkerPodFactory.LABELS.entrySet().stream()
                .map(label -> label.getKey() + "=" + label.getValue())
                .sorted()
                .collect(Collectors.joining(","));
        var source = new InformerEventSource<R, WorkerPool>(
                InformerEventSourceConfiguration.from(type, WorkerPool.class)
                        .withLabelSelector(selector)
                        .withSecondaryToPrimaryMapper(
                                worker -> poolOf(worker).stream().collect(Collectors.toSet()))
                        .build(),
                context);
        source.addIndexers(Map.of(
                BY_POOL,
                worker -> poolOf(worker).map(ResourceID::toString).stream().toList()));
        return source;
    }

    private static Optional<ResourceID> poolOf(HasMetadata worker) {
        return Optional.ofNullable(worker.getMetadata().getLabels().get(Api.POOL_LABEL))
                .map(pool -> new ResourceID(pool, worker.getMetadata().getNamespace()));
    }
}
