import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import java.sql.SQLException;
import java.time.Duration;

/** Jobs that insert a row each, run one at a time by db-scheduler, with the way of polling that is its fastest. */
public final class DbScheduler {
    private static final String TABLE = """
            CREATE TABLE scheduled_tasks (
                task_name text NOT NULL, task_instance text NOT NULL, task_data bytea, execution_time timestamptz NOT NULL,
                picked boolean NOT NULL, picked_by text, last_success timestamptz, last_failure timestamptz, consecutive_failures int,
                last_heartbeat timestamptz, version bigint NOT NULL, priority smallint, PRIMARY KEY (task_name, task_instance));
            CREATE INDEX ON scheduled_tasks (execution_time);
            CREATE INDEX ON scheduled_tasks (last_heartbeat)""";

    private static final String QUEUE = """
            INSERT INTO scheduled_tasks (task_name, task_instance, execution_time, picked, version, consecutive_failures)
            SELECT 'insert', n::text, now(), false, 1, 0 FROM generate_series(1, %d) n""";

    private DbScheduler() {}

    public static void main(String[] arguments) throws Exception {
        int jobs = Integer.parseInt(arguments[0]);
        var course = new Course(jobs);
        try (var database = Database.open()) {
            Database.execute(database, "DROP TABLE IF EXISTS scheduled_tasks");
            Database.execute(database, TABLE);
            Database.execute(database, QUEUE.formatted(jobs));
            Database.execute(database, "ANALYZE scheduled_tasks");

            OneTimeTask<Void> insert = Tasks.oneTime("insert").execute((instance, context) -> {
                try {
                    Database.insertEffect(database);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
                course.done();
            });
            var scheduler = Scheduler.create(database, insert)
                    .threads(1)
                    .pollingInterval(Duration.ofSeconds(1))
                    .pollUsingLockAndFetch(5.0, 200.0)
                    .build();
            scheduler.start();
            course.tell(Scheduler.class);
            scheduler.stop();
        }
    }
}
