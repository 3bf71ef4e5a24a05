package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Statements that run at top level, outside a transaction. */
class AutocommitTest extends OneWorkerTest {
    private static final String UNKNOWN = "interrupted: the outcome of this autocommit statement is unknown";

    @BeforeEach
    void createBooks() throws SQLException {
        database.asSuperuser(
                "DROP TABLE IF EXISTS public.book",
                "CREATE TABLE public.book (id int, title text)",
                "INSERT INTO public.book SELECT n, 'title ' || n % 7 FROM generate_series(1, 1000) n",
                "ALTER TABLE public.book OWNER TO alice",
                "CREATE OR REPLACE PROCEDURE public.two_steps(seconds float8) LANGUAGE plpgsql AS $$ BEGIN"
                        + " INSERT INTO public.effect (v) VALUES ('step 1'); COMMIT; PERFORM pg_sleep(seconds);"
                        + " INSERT INTO public.effect (v) VALUES ('step 2'); END $$");
    }

    private static long enqueue(String query) throws SQLException {
        return enqueue(query, "autocommit => true");
    }

    private static long enqueue(String query, String options) throws SQLException {
        return Long.parseLong(database.ask("alice", "SELECT worker_pool.enqueue('foo', ?, " + options + ")", query)
                .getFirst());
    }

    private static void awaitStatus(String status) {
        await(() -> look("status").getFirst().equals(status));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "VACUUM public.book",
                "CREATE INDEX CONCURRENTLY book_title ON public.book (title)",
                "REINDEX TABLE CONCURRENTLY public.book;",
                "CALL public.two_steps(0)",
                "DO $$ BEGIN INSERT INTO public.effect (v) VALUES ('a;b'); COMMIT; END $$",
                "SELECT 'one; row' UNION ALL SELECT 'another' -- ; a comment",
                "INSERT INTO public.effect (v) VALUES ('?') RETURNING id",
            })
    void a_statement_that_refuses_a_transaction_runs(String statement) throws SQLException {
        enqueue(statement);
        database.submit("alice", "foo", "INSERT INTO effect (v) VALUES ('behind')");
        run();
        assertThat(outcomes()).containsExactly("done", "done");
        assertThat(look("attempts")).containsExactly("1", "1");
    }

    @Test
    void each_of_its_commits_stays() throws SQLException {
        enqueue("CALL public.two_steps(0)");
        run();
        assertThat(effects()).containsExactly("step 1", "step 2");
        assertThat(database.look("SELECT who FROM public.effect")).containsOnly("alice");
    }

    @Test
    void a_query_runs_to_its_end_whatever_it_returns() throws SQLException {
        database.asSuperuser("CREATE OR REPLACE FUNCTION public.note(n int) RETURNS int LANGUAGE sql AS"
                + " 'INSERT INTO public.effect (v) VALUES (n) RETURNING 1'");
        enqueue("SELECT public.note(n) FROM generate_series(1, 1000) n");
        run();
        assertThat(outcomes()).containsExactly("done");
        assertThat(effects()).hasSize(1000);
    }

    @Test
    void a_cancel_sees_a_session_that_came_after_its_transactions_first_look() throws Exception {
        var job = enqueue("CALL public.two_steps(60)");
        try (var alice = database.as("alice")) {
            QueueDatabase.execute(alice, "BEGIN", "SELECT * FROM worker_pool.queue");
            var worker = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            await(() -> !effects().isEmpty());
            QueueDatabase.execute(alice, "SELECT worker_pool.cancel(" + job + ")", "COMMIT");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        }
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("cancelled 57014");
        assertThat(effects()).containsExactly("step 1");
    }

    @Test
    void it_does_not_begin_in_a_suspended_pool_or_a_paused_name() throws SQLException {
        var job = enqueue("CALL public.two_steps(0)");
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.pause('foo')");
        assertThat(database.look("SELECT worker_pool.begin_job('foo', " + job + ", 1)"))
                .containsExactly("f");
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.resume('foo')");
        database.look("SELECT worker_pool.acquire('uid', 'pool', true)");
        assertThat(database.look("SELECT worker_pool.begin_job('foo', " + job + ", 1)"))
                .containsExactly("f");
    }

    @Test
    void it_runs_with_the_search_path_and_the_time_zone_of_its_submitter() throws SQLException {
        database.asSuperuser("CREATE SCHEMA IF NOT EXISTS shelf AUTHORIZATION alice");
        try (var alice = database.as("alice")) {
            QueueDatabase.execute(
                    alice,
                    "SET search_path = shelf, public",
                    "SET TimeZone = 'Asia/Tokyo'",
                    "CALL worker_pool.submit('foo', $$INSERT INTO effect (v) VALUES"
                            + " (current_schema || ' ' || current_setting('TimeZone'))$$, autocommit => true)");
        }
        run();
        assertThat(effects()).containsExactly("shelf Asia/Tokyo");
    }

    @Test
    void it_leaves_nothing_to_the_job_behind_it() throws SQLException {
        enqueue("SET SESSION work_mem = '77 MB'");
        submit("INSERT INTO effect (v) VALUES (current_setting('work_mem'))");
        run();
        assertThat(effects()).doesNotContain("77MB");
    }

    @Test
    void what_catches_the_end_of_its_time_and_goes_on_has_failed() throws SQLException {
        database.ask(
                "alice",
                "SELECT worker_pool.enqueue('foo', ?, autocommit => true, timeout => '300 ms', max_attempts => 3,"
                        + " retry_delay => '0 s')",
                "DO $$ BEGIN BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;"
                        + " PERFORM pg_sleep(0.5); END $$");
        run();
        assertThat(outcomes())
                .containsExactly("failed 57014 timed out: the attempt reached the timeout of this job, 0.3 s");
        assertThat(look("attempts")).containsExactly("1");
    }

    @Test
    void rows_are_not_counted_where_PostgreSQL_does_not_say() throws SQLException {
        database.execute("alice", "CREATE PROCEDURE public.commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$");
        enqueue("CALL public.commits()");
        run();
        assertThat(look("row_count")).containsOnlyNulls();
        database.execute("alice", "DROP PROCEDURE public.commits");
    }

    @Test
    void it_creates_a_database() throws SQLException {
        database.asSuperuser("ALTER ROLE alice CREATEDB");
        try {
            enqueue("CREATE DATABASE of_alice");
            run();
            assertThat(look("status")).containsExactly("done");
            assertThat(database.look("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'of_alice'"))
                    .containsExactly("alice");
        } finally {
            database.asSuperuser("DROP DATABASE IF EXISTS of_alice", "ALTER ROLE alice NOCREATEDB");
        }
    }

    @Test
    void what_is_refused_by_rights_says_so() throws SQLException {
        enqueue("ALTER SYSTEM SET work_mem = '1 MB'");
        enqueue("CREATE DATABASE nope");
        run();
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("failed 42501", "failed 42501");
    }

    @Test
    void several_statements_are_refused_at_submit_where_that_is_plain() throws SQLException {
        assertThat(database.refusal(
                        "alice", "CALL worker_pool.submit('foo', 'VACUUM a; VACUUM b', autocommit => true)"))
                .isEqualTo("22023 autocommit takes one statement");
        assertThat(look("id")).isEmpty();
    }

    @Test
    void several_statements_are_refused_when_they_run_where_it_was_not_plain() throws SQLException {
        enqueue("INSERT INTO effect (v) VALUES ('a'); INSERT INTO effect (v) VALUES ('b')");
        run();
        assertThat(outcomes()).containsExactly("failed 42601 autocommit takes one statement: queue a job for each");
        assertThat(effects()).isEmpty();
    }

    @Test
    void it_is_pending_while_it_runs() throws Exception {
        enqueue("CALL public.two_steps(2)");
        submit("INSERT INTO effect (v) VALUES ('behind')");
        var worker = CompletableFuture.supplyAsync(() -> workers.run("foo"));
        awaitStatus("pending");
        assertThat(look("status || attempts")).containsExactly("pending1", "waiting0");
        assertThat(database.look("SELECT concat_ws(' ', reason, position) FROM worker_pool.queue ORDER BY id"))
                .containsExactly("Running 0", "WaitingForPredecessor 1");
        assertThat(database.look("SELECT state FROM worker_pool.workers")).containsExactly("Running");
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(effects()).containsExactly("step 1", "step 2", "behind");
    }

    @Test
    void a_lost_session_leaves_the_outcome_unknown_and_it_is_never_run_again() throws Exception {
        enqueue("CALL public.two_steps(60)", "autocommit => true, max_attempts => 5");
        submit("INSERT INTO effect (v) VALUES ('behind')");
        var worker = CompletableFuture.supplyAsync(() -> workers.run("foo"));
        awaitStatus("pending");
        await(() -> !effects().isEmpty());
        database.asSuperuser("SELECT pg_terminate_backend(autocommit_pid) FROM worker_pool.worker");
        worker.get();
        run();
        assertThat(look("concat_ws(' ', status, attempts, sqlstate)")).containsExactly("failed 1 08007", "done 1");
        assertThat(look("split_part(error, E'\\n', 1)")).first().isEqualTo(UNKNOWN);
        assertThat(effects()).containsExactly("step 1", "behind");
    }

    @Test
    void a_killed_worker_leaves_the_outcome_unknown_and_nobody_starts_while_its_session_runs() throws Exception {
        enqueue("CALL public.two_steps(3)");
        submit("INSERT INTO effect (v) VALUES ('behind')");
        var process = workers.start("foo", Map.of());
        await(() -> !effects().isEmpty());
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        assertThat(look("status")).containsExactly("pending", "waiting");
        run();
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("failed 08007", "done");
        assertThat(effects()).first().isEqualTo("step 1");
        assertThat(effects()).last().isEqualTo("behind");
    }

    @Test
    void an_invalid_index_that_was_left_behind_is_named() throws Exception {
        enqueue("CREATE UNIQUE INDEX CONCURRENTLY book_unique ON public.book (title)");
        run();
        assertThat(look("sqlstate")).containsExactly("23505");
        assertThat(look("error").getFirst()).contains("HINT:  Invalid and to be dropped", "public.book_unique");
    }

    @Test
    void an_index_that_somebody_is_building_is_not_named() throws Exception {
        try (var reader = database.as("alice");
                var builder = database.as("alice")) {
            QueueDatabase.execute(reader, "BEGIN", "INSERT INTO public.book VALUES (0, '')");
            var built = CompletableFuture.runAsync(() -> {
                try {
                    QueueDatabase.execute(builder, "CREATE INDEX CONCURRENTLY book_busy ON public.book (title)");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            await(() -> !database.look("SELECT 1 FROM pg_class WHERE relname = 'book_busy'")
                    .isEmpty());
            enqueue("DROP INDEX CONCURRENTLY public.book_busy, public.book_other");
            run();
            QueueDatabase.execute(reader, "COMMIT");
            built.get();
        }
        assertThat(look("status")).containsExactly("failed");
        assertThat(look("error").getFirst()).doesNotContain("HINT");
    }

    @Test
    void an_index_whose_session_was_lost_is_named() throws Exception {
        try (var reader = database.as("alice")) {
            QueueDatabase.execute(reader, "BEGIN", "INSERT INTO public.book VALUES (0, '')");
            enqueue("CREATE INDEX CONCURRENTLY book_lost ON public.book (title)");
            var worker = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            awaitStatus("pending");
            await(() -> !database.look("SELECT 1 FROM pg_class WHERE relname = 'book_lost'")
                    .isEmpty());
            database.asSuperuser("SELECT pg_terminate_backend(autocommit_pid) FROM worker_pool.worker");
            worker.get();
        }
        assertThat(look("error").getFirst()).startsWith(UNKNOWN).contains("public.book_lost");
    }

    @Test
    void it_can_be_cancelled() throws Exception {
        var job = enqueue("CALL public.two_steps(60)");
        submit("INSERT INTO effect (v) VALUES ('behind')");
        var worker = CompletableFuture.supplyAsync(() -> workers.run("foo"));
        awaitStatus("pending");
        await(() -> !effects().isEmpty());
        assertThat(database.ask("alice", "SELECT worker_pool.cancel(" + job + ")"))
                .containsExactly("t");
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("cancelled 57014", "done");
        assertThat(effects()).containsExactly("step 1", "behind");
    }

    @Test
    void a_cancel_of_one_whose_session_was_just_lost_finds_that_its_outcome_is_unknown() throws SQLException {
        var job = enqueueLost();
        assertThat(database.ask("alice", "SELECT worker_pool.cancel(" + job + ")"))
                .containsExactly("f");
        assertThat(look("concat_ws(' ', status, sqlstate, attempts, split_part(error, E'\\n', 1))"))
                .containsExactly("failed 08007 1 " + UNKNOWN);
        run();
        assertThat(look("attempts")).containsExactly("1");
    }

    /** It has begun, and its session is gone. */
    private static long enqueueLost() throws SQLException {
        var job = enqueue("CALL public.two_steps(60)");
        database.asSuperuser(
                "INSERT INTO worker_pool.worker (worker_name, current_job, since, autocommit_pid, autocommit_login,"
                        + " server_started) VALUES ('foo', " + job
                        + ", now(), 0, 'alice'::regrole, pg_postmaster_start_time())");
        return job;
    }

    /** There will be no worker that could see to it: the name is paused. */
    @Test
    void one_that_was_lost_is_never_taken_for_one_that_has_yet_to_run() throws SQLException {
        enqueueLost();
        database.execute(QueueDatabase.OPERATOR, "CALL worker_pool.pause('foo')");
        assertThat(look("status")).containsExactly("pending");
        assertThat(database.look("SELECT status FROM worker_pool.queue")).containsExactly("pending");
        assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                .isEmpty();
        assertThat(look("concat_ws(' ', status, sqlstate, attempts, split_part(error, E'\\n', 1))"))
                .containsExactly("failed 08007 1 " + UNKNOWN);
    }

    @Test
    void the_progress_of_an_attempt_is_not_that_of_the_next() throws SQLException {
        var job = enqueue("CALL public.two_steps(0)");
        database.asSuperuser(
                "INSERT INTO worker_pool.worker (worker_name, progress, progress_job) VALUES ('foo', 'half', " + job
                        + ")");
        database.look("SELECT worker_pool.begin_job('foo', " + job + ")");
        assertThat(database.look("SELECT progress FROM worker_pool.worker")).containsOnlyNulls();
    }

    @Test
    void one_that_was_lost_and_whose_role_was_dropped_blocks_nobody() throws SQLException {
        enqueueLost();
        database.asSuperuser("UPDATE worker_pool.queued_job SET submitter = 999999");
        database.look("SELECT worker_name FROM worker_pool.demand()");
        assertThat(database.look("SELECT concat_ws(' ', status, sqlstate) FROM worker_pool.queued_job"))
                .containsExactly("failed 08007");
    }

    @Test
    void a_cancel_that_is_committed_after_it_has_ended_finds_it_done() throws Exception {
        var job = enqueue("CALL public.two_steps(1)");
        var worker = CompletableFuture.supplyAsync(() -> workers.run("foo"));
        awaitStatus("pending");
        try (var alice = database.as("alice")) {
            QueueDatabase.execute(alice, "BEGIN", "SELECT worker_pool.cancel(" + job + ")");
            awaitRowLock();
            QueueDatabase.execute(alice, "COMMIT");
        }
        assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        assertThat(look("status")).containsExactly("done");
        assertThat(effects()).containsExactly("step 1", "step 2");
        assertThat(database.look("SELECT count(*) FROM worker_pool.cancel_request"))
                .containsExactly("0");
    }

    @Test
    void nothing_runs_beside_one_whose_connection_was_lost() throws Exception {
        try (var link = new Link(database.server().host(), database.server().port(), Duration.ZERO)) {
            workers.over(link);
            enqueue("CALL public.two_steps(1)");
            submit("INSERT INTO effect (v) VALUES ('behind')");
            var worker = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            await(() -> !effects().isEmpty());
            link.cut("alice");
            await(() -> effects().size() == 2);
            TimeUnit.MILLISECONDS.sleep(500);
            assertThat(look("status")).containsExactly("pending", "waiting");
            link.hangUp("alice");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        }
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("failed 08007", "done");
        assertThat(effects()).containsExactly("step 1", "step 2", "behind");
    }

    @Test
    void its_time_is_limited() throws Exception {
        enqueue("CALL public.two_steps(60)", "autocommit => true, timeout => '300 ms'");
        submit("INSERT INTO effect (v) VALUES ('behind')");
        run();
        assertThat(outcomes())
                .containsExactly("failed 57014 timed out: the attempt reached the timeout of this job, 0.3 s", "done");
    }

    @Test
    void a_procedure_that_catches_its_end_is_ended_with_its_session() throws Exception {
        enqueue(
                "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$",
                "autocommit => true, timeout => '300 ms'");
        submit("INSERT INTO effect (v) VALUES ('behind')");
        run();
        assertThat(look("concat_ws(' ', status, sqlstate)")).containsExactly("failed 57014", "done");
    }

    @Test
    void a_failed_one_is_tried_again() throws SQLException {
        enqueue("CREATE TABLE public.book ()", "autocommit => true, max_attempts => 3, retry_delay => '0 s'");
        run();
        assertThat(look("concat_ws(' ', status, attempts, sqlstate)")).containsExactly("failed 3 42P07");
    }

    @Test
    void progress_is_shown_where_PostgreSQL_tells_of_it() throws Exception {
        try (var reader = database.as("alice")) {
            QueueDatabase.execute(reader, "BEGIN", "INSERT INTO public.book VALUES (0, '')");
            enqueue("CREATE INDEX CONCURRENTLY book_slow ON public.book (title)");
            var worker = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            await(() -> database.look("SELECT progress FROM worker_pool.queue WHERE progress IS NOT NULL")
                    .equals(List.of("create index concurrently: waiting for writers before build, 0 %")));
            QueueDatabase.execute(reader, "COMMIT");
            assertThat(worker.get()).isEqualTo(Outcome.DRAINED);
        }
        assertThat(look("status")).containsExactly("done");
    }
}
