package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.schedule.Demand;
import dev.pgworkerpool.schedule.SlotAllocator;
import dev.pgworkerpool.schedule.SlotAllocator.Allocation;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Gives the free slots to the names that have waited longest, save those that are held back. */
@ApplicationScoped
class SlotFiller {
    private final WorkerStarter starter;

    SlotFiller(WorkerStarter starter) {
        this.starter = starter;
    }

    /** @return after how long it is worth looking again */
    Duration run(PoolPass pass, JobQueue queue, List<Demand> demand) {
        if (pass.pool().getSpec().suspend()) {
            return WorkerPoolReconciler.SWEEP;
        }
        Instant now = pass.now();
        LivePool live = pass.live();
        live.backOffs.settle(now);
        List<Demand> startable = demand.stream()
                .filter(name -> !live.backOffs.holdsBack(name.worker(), now))
                .filter(name -> !live.locked.holdsBack(name.worker(), now))
                .toList();
        Allocation allocation = SlotAllocator.allocate(
                startable, pass.holders(), pass.pool().getSpec().slots());
        allocation.start().forEach(name -> starter.start(pass, queue, name));
        live.wakeUps.forgetBefore(now);
        return Stream.of(
                        Optional.ofNullable(allocation.nextAfter()),
                        live.backOffs.nextEnd(now).map(end -> Duration.between(now, end)))
                .flatMap(Optional::stream)
                .min(Comparator.naturalOrder())
                .orElse(WorkerPoolReconciler.SWEEP);
    }
}
