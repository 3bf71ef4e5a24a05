package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.DatabaseProblem;
import dev.pgworkerpool.queue.JobQueue;
import dev.pgworkerpool.queue.QueueStatistics;
import dev.pgworkerpool.schedule.Demand;
import dev.pgworkerpool.status.PoolFigures;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Counts what a pool's status and metrics show. */
@ApplicationScoped
class PoolFigureReader {
    private static final Logger LOG = Logger.getLogger(PoolFigureReader.class);

    /** Null when the database does not tell: figures are worth no failure. */
    @Nullable
    PoolFigures read(PoolPass pass, JobQueue queue, List<Demand> demand) {
        QueueStatistics statistics;
        try {
            statistics = pass.live().statistics.get(true, pass.now(), queue::statistics);
        } catch (DatabaseProblem problem) {
            LOG.warnf("%s: no figures: %s", pass.live(), problem.getMessage());
            return null;
        }
        Set<String> holders = pass.holders();
        int waiting = (int) demand.stream()
                .filter(name -> name.headId() != null && !holders.contains(name.worker()))
                .count();
        return new PoolFigures(
                pass.pool().getSpec().slots(),
                holders.size(),
                pass.turns().running(),
                waiting,
                statistics.waitingJobs(),
                statistics.oldestWaitingSince(),
                statistics.done(),
                statistics.failed());
    }
}
