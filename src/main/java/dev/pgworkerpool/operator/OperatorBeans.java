package dev.pgworkerpool.operator;

import dev.pgworkerpool.schedule.WorkerPodFactory;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.InstantSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What the container can't make by itself. */
final class OperatorBeans {

    @Produces
    @Singleton
    InstantSource clock() {
        return InstantSource.system();
    }

    @Produces
    @Singleton
    WorkerPodFactory workerPods(@ConfigProperty(name = "pgwp.worker.image") String image) {
        return new WorkerPodFactory(image);
    }

    /**
     * The framework's own metrics, without those per resource: its default registers one meter with two sets of labels, which
     * Prometheus refuses with an exception in the middle of event handling.
     */
    @Produces
    @Singleton
    Metrics frameworkMetrics(MeterRegistry registry) {
        return MicrometerMetrics.withoutPerResourceMetrics(registry);
    }
}
