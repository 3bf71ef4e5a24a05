import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Duration;
import java.util.stream.IntStream;
import org.jobrunr.configuration.JobRunr;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.scheduling.BackgroundJobRequest;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.server.JobActivator;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;

/** Jobs that insert a row each, run one at a time by JobRunr, which is told to poll as often as it may. */
public final class JobRunrPeer {
    private JobRunrPeer() {}

    public static void main(String[] arguments) throws Exception {
        int jobs = Integer.parseInt(arguments[0]);
        var course = new Course(jobs);
        try (var database = Database.open()) {
            var handler = new Handler(database, course);
            var storage = new PostgresStorageProvider(database);
            Database.execute(database, "DELETE FROM jobrunr_jobs");
            var configuration = JobRunr.configure()
                    .useJobActivator(new Activator(handler))
                    .useStorageProvider(storage);
            configuration.initialize();
            BackgroundJobRequest.enqueue(IntStream.range(0, jobs).mapToObj(Insert::new));
            Database.execute(database, "ANALYZE jobrunr_jobs");

            configuration
                    .useBackgroundJobServer(BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration()
                            .andWorkerCount(1)
                            .andPollInterval(Duration.ofSeconds(5)))
                    .initialize();
            course.tell(JobRunr.class);
            JobRunr.destroy();
        }
        System.exit(0);
    }

    public record Insert(int number) implements JobRequest {
        @Override
        public Class<Handler> getJobRequestHandler() {
            return Handler.class;
        }
    }

    public static final class Handler implements JobRequestHandler<Insert> {
        private final HikariDataSource database;
        private final Course course;

        Handler(HikariDataSource database, Course course) {
            this.database = database;
            this.course = course;
        }

        @Override
        public void run(Insert request) throws SQLException {
            Database.insertEffect(database);
            course.done();
        }
    }

    private record Activator(Handler handler) implements JobActivator {
        @Override
        public <T> T activateJob(Class<T> type) {
            return type.cast(handler);
        }
    }
}
