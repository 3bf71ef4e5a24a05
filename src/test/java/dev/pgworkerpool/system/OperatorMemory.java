package dev.pgworkerpool.system;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The operator's memory, looked at every 10 s until it is closed. What can't be read, because the API is away, is left out. */
final class OperatorMemory implements AutoCloseable {
    private static final int SECONDS = 10;
    private static final double MIB = 1024 * 1024;

    private final RunningSystem system;
    private final ClusterSurroundings cluster;
    private final List<Sample> samples = new ArrayList<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

    /** @param heapMiB used, with what the next collection will free */
    record Sample(double residentMiB, double heapMiB) {}

    OperatorMemory(RunningSystem system, ClusterSurroundings cluster) {
        this.system = system;
        this.cluster = cluster;
        clock.scheduleWithFixedDelay(this::look, 0, SECONDS, TimeUnit.SECONDS);
    }

    private void look() {
        try {
            var heap = system.metrics().entrySet().stream()
                    .filter(metric -> metric.getKey().startsWith("jvm_memory_used_bytes{area=\"heap\""))
                    .mapToDouble(metric -> metric.getValue() / MIB)
                    .sum();
            var sample = new Sample(ProcessLoad.of(cluster).residentMiB(), heap);
            synchronized (samples) {
                samples.add(sample);
            }
        } catch (IOException | RuntimeException e) {
            System.out.println("memory not seen: " + e.getMessage());
        }
    }

    /** The samples of one quarter of the time, 0 to 3. */
    List<Sample> quarter(int number) {
        synchronized (samples) {
            return List.copyOf(samples.subList(samples.size() * number / 4, samples.size() * (number + 1) / 4));
        }
    }

    /** Half of the time it was not more. */
    double resident(int quarter) {
        return Measurement.percentile(
                quarter(quarter).stream().map(Sample::residentMiB).toList(), 50);
    }

    /** What was left after the collection that freed most: garbage doesn't count. */
    double heapFloor(int quarter) {
        return quarter(quarter).stream().mapToDouble(Sample::heapMiB).min().orElseThrow();
    }

    @Override
    public void close() {
        clock.shutdownNow();
        clock.close();
    }
}
