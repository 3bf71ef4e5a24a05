package dev.pgworkerpool.queue;

import static dev.pgworkerpool.postgres.QueueDatabase.OPERATOR;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.OnEachServer;
import dev.pgworkerpool.postgres.PostgresServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;

/**
 * How PostgreSQL runs what is called all the time, whatever its statistics say: by the partial indexes, so that it costs nothing how
 * much was done before. The server itself tells the plans of the statements in our functions: its auto_explain sends them as notices.
 */
class PlansTest extends OnEachServer {
    private static final String JOB = "INSERT INTO public.effect (v) VALUES (1)";
    private static final String DRAIN = "CALL worker_pool.drain('name 7', 12, 10000, NULL, 0, NULL, NULL, NULL, NULL)";

    private static final String WAITING = "queued_job_waiting";
    private static final String SCHEDULED = "queued_job_scheduled";
    private static final String ENDED = "queued_job_finished";
    private static final String ID = "queued_job_pkey";
    private static final String SUBMITTER_AND_ID = "queued_job_submitter";
    private static final String ORIGIN = "queued_job_origin";
    private static final String EVERYTHING = "the whole table";

    /** A line of a plan that reads jobs, and the condition in the line below. A bitmap's index stands in a line of its own. */
    private static final Pattern SCAN = Pattern.compile("(?:Seq Scan on queued_job\\b"
            + "|(?:Index (?:Only )?Scan(?: Backward)? using |Bitmap Index Scan on )(?<index>queued_job_\\w+)).*"
            + "(?<condition>\\n *Index Cond: .*)?");

    private static final Map<Statistics, QueueDatabase> DATABASES = new EnumMap<>(Statistics.class);

    enum Statistics {
        /** Jobs came since, and who plans does not know yet. */
        OF_AN_EMPTY_TABLE {
            @Override
            void fill(QueueDatabase database) throws SQLException {
                database.asSuperuser("ANALYZE worker_pool.queued_job");
                database.insertJobs("waiting", 100, 20_000, JOB);
                database.insertJobs("scheduled", 100, 100, JOB);
            }
        },
        /** The obvious `worker_name = ? ORDER BY id` walks the primary key then. */
        OF_A_DEEP_QUEUE {
            @Override
            void fill(QueueDatabase database) throws SQLException {
                database.insertJobs("done", 100, 1000, JOB);
                database.insertJobs("waiting", 100, 50_000, JOB);
                database.insertJobs("scheduled", 100, 20_000, JOB);
                database.asSuperuser("ANALYZE worker_pool.queued_job");
            }
        },
        OF_A_LONG_HISTORY {
            @Override
            void fill(QueueDatabase database) throws SQLException {
                database.insertJobs("done", 100, 200_000, JOB);
                database.insertJobs("waiting", 100, 2000, JOB);
                database.insertJobs("scheduled", 100, 10, JOB);
                database.asSuperuser("ANALYZE worker_pool.queued_job");
            }
        };

        abstract void fill(QueueDatabase database) throws SQLException;
    }

    @BeforeParameterizedClassInvocation
    static void fill(PostgresServer server) throws SQLException {
        for (var statistics : Statistics.values()) {
            var database = QueueDatabase.on(server);
            DATABASES.put(statistics, database);
            database.asSuperuser(
                    "CREATE TABLE public.effect (v int)",
                    "GRANT ALL ON public.effect TO alice",
                    "ALTER TABLE worker_pool.queued_job SET (autovacuum_enabled = off)");
            statistics.fill(database);
            explain(database);
        }
    }

    /** Sessions from now on are told the plans. */
    private static void explain(QueueDatabase database) throws SQLException {
        database.asSuperuser(
                "ALTER DATABASE %s SET session_preload_libraries = 'auto_explain'".formatted(database.name()),
                "ALTER DATABASE %s SET auto_explain.log_min_duration = 0".formatted(database.name()),
                "ALTER DATABASE %s SET auto_explain.log_nested_statements = on".formatted(database.name()),
                "ALTER DATABASE %s SET auto_explain.log_level = 'notice'".formatted(database.name()));
    }

    @AfterParameterizedClassInvocation
    static void drop() throws SQLException {
        for (var database : DATABASES.values()) {
            database.close();
        }
        DATABASES.clear();
    }

    @ParameterizedTest
    @EnumSource
    void a_job_is_claimed_by_the_partial_index_and_ended_by_its_id(Statistics statistics) throws SQLException {
        assertThat(ways(statistics, "alice", DRAIN)).contains(WAITING).isSubsetOf(WAITING, ID, SUBMITTER_AND_ID);
    }

    @ParameterizedTest
    @EnumSource
    void so_is_one_with_something_special_about_it(Statistics statistics) throws SQLException {
        assertThat(ways(statistics, "alice", "SELECT * FROM worker_pool.claim('name 7', 0, NULL)"))
                .contains(WAITING)
                .isSubsetOf(WAITING, ID);
    }

    @ParameterizedTest
    @EnumSource
    void a_job_that_fails_is_ended_by_its_id(Statistics statistics) throws SQLException {
        try (var alice = requireNonNull(DATABASES.get(statistics)).as("alice")) {
            QueueDatabase.execute(alice, "CALL worker_pool.submit('bad', 'SELECT 1 / 0')");
            assertThat(ways(alice, DRAIN.replace("name 7", "bad")))
                    .contains(WAITING)
                    .isSubsetOf(WAITING, ID, SUBMITTER_AND_ID);
        }
    }

    /** Plans are kept for a session: those of a worker that was awake before the rush would read all jobs for each job. */
    @Test
    void a_session_that_began_with_a_short_queue_goes_by_the_indexes_of_a_long_one() throws SQLException {
        try (var database = QueueDatabase.on(server)) {
            database.asSuperuser("CREATE TABLE public.effect (v int)", "GRANT ALL ON public.effect TO alice");
            database.insertJobs("waiting", 7, 100, JOB);
            database.asSuperuser("VACUUM ANALYZE worker_pool.queued_job");
            explain(database);
            try (var alice = database.as("alice")) {
                assertThat(ways(alice, DRAIN)).isNotEmpty();
                database.insertJobs("waiting", 7, 20_000, JOB);
                assertThat(ways(alice, DRAIN)).contains(WAITING).isSubsetOf(WAITING, ID, SUBMITTER_AND_ID);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void the_head_of_a_name_is_found_by_the_partial_index(Statistics statistics) throws SQLException {
        assertThat(ways(statistics, OPERATOR, "SELECT * FROM worker_pool.head('name 7')"))
                .containsOnly(WAITING);
    }

    /** Asked each tenth of a second from 250 ms on. */
    @ParameterizedTest
    @EnumSource
    void the_job_that_runs_is_found_by_the_partial_index(Statistics statistics) throws SQLException {
        try (var alice = requireNonNull(DATABASES.get(statistics)).as("alice")) {
            alice.setAutoCommit(false);
            var job = QueueDatabase.ask(alice, "SELECT id FROM worker_pool.claim('name 9', 0, NULL)");
            var backend = alice.unwrap(PGConnection.class).getBackendPID();
            var look = "SELECT worker_pool.note_running('name 9', %d, 300)".formatted(backend);
            assertThat(ways(statistics, OPERATOR, look)).contains(WAITING).isSubsetOf(WAITING, ID);
            assertThat(requireNonNull(DATABASES.get(statistics)).look(look)).isEqualTo(job);
            alice.rollback();
        }
    }

    @ParameterizedTest
    @EnumSource
    void names_are_found_by_the_partial_index(Statistics statistics) throws SQLException {
        assertThat(ways(statistics, OPERATOR, "SELECT * FROM worker_pool.wanted_name"))
                .containsOnly(WAITING);
    }

    @ParameterizedTest
    @EnumSource
    void what_is_due_is_found_by_the_index_of_what_is_scheduled(Statistics statistics) throws SQLException {
        assertThat(ways(statistics, OPERATOR, "SELECT worker_pool.admit_due()"))
                .contains(SCHEDULED)
                .isSubsetOf(SCHEDULED, ID);
    }

    @ParameterizedTest
    @EnumSource
    void nothing_that_the_demand_asks_reads_all_jobs(Statistics statistics) throws SQLException {
        assertThat(ways(statistics, OPERATOR, "SELECT * FROM worker_pool.demand()"))
                .contains(WAITING)
                .isSubsetOf(WAITING, ID);
    }

    @ParameterizedTest
    @EnumSource
    void the_statements_of_a_WorkerJob_are_found_by_its_uid(Statistics statistics) throws SQLException {
        assertThat(ways(statistics, OPERATOR, "SELECT * FROM worker_pool.workerjob(gen_random_uuid())"))
                .contains(ORIGIN)
                .isSubsetOf(ORIGIN, WAITING, ID);
    }

    @ParameterizedTest
    @EnumSource
    void what_is_too_old_is_found_by_the_index_of_when_it_ended(Statistics statistics) throws SQLException {
        for (var keep : List.of("39 days", "60 days")) {
            var prune = "SELECT worker_pool.prune('%1$s', '%1$s', '{}', 1000)".formatted(keep);
            assertThat(ways(statistics, OPERATOR, prune)).contains(ENDED).isSubsetOf(ENDED, ID);
        }
    }

    /** What the operator and the worker ask once a turn, or once for a job that runs alone. */
    @ParameterizedTest
    @EnumSource
    void nothing_that_a_turn_needs_reads_all_jobs(Statistics statistics) throws SQLException {
        try (var operator = requireNonNull(DATABASES.get(statistics)).as(OPERATOR)) {
            operator.setAutoCommit(false);
            var job = QueueDatabase.ask(operator, "SELECT id FROM worker_pool.head('name 12')")
                    .getFirst();
            for (var call : List.of(
                    "turn_started('name 12', 1, 'job-1')",
                    "worker_up('name 12', 'pod-1')",
                    "should_end('name 12')",
                    "begin_job('name 12', %s)",
                    "cancel_wanted(%s)",
                    "end_attempt('name 12', %s, 1, NULL, NULL, false)",
                    "turn_ended('name 12', 1, NULL)",
                    "enqueue_workerjob(gen_random_uuid(), 'WorkerJob default/one', 'name 12', '{SELECT 1}', 'alice', 'continue')")) {
                assertThat(ways(operator, "SELECT worker_pool." + call.formatted(job)))
                        .as(call)
                        .doesNotContain(EVERYTHING);
            }
            operator.rollback();
        }
    }

    /** The indexes by which this call reads the jobs. */
    private static Set<String> ways(Statistics statistics, String role, String call) throws SQLException {
        try (var connection = requireNonNull(DATABASES.get(statistics)).as(role)) {
            return ways(connection, call);
        }
    }

    private static Set<String> ways(Connection connection, String call) throws SQLException {
        var ways = new TreeSet<String>();
        try (var statement = connection.createStatement()) {
            statement.execute(call);
            for (var notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning()) {
                SCAN.matcher(notice.getMessage()).results().map(PlansTest::way).forEach(ways::add);
            }
        }
        return ways;
    }

    /** An index that is read from end to end is as good as none, unless it is a partial one. */
    private static String way(MatchResult scan) {
        var index = scan.group("index");
        boolean whole = scan.group("condition") == null && (ID.equals(index) || SUBMITTER_AND_ID.equals(index));
        return index == null || whole ? EVERYTHING : index;
    }
}
