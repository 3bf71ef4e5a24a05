package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a job may contain, and what stays of it. */
class DrainTest extends OneWorkerTest {
    static final String HINT = "HINT:  Queue it with autocommit => true to run it outside a transaction.";

    @Test
    void jobs_of_a_name_run_in_the_order_of_their_ids_also_when_dead_rows_made_room_before_them() throws SQLException {
        database.execute("alice", "SELECT worker_pool.enqueue('filler', 'SELECT 1') FROM generate_series(1, 300)");
        assertThat(workers.run("filler")).isEqualTo(Outcome.DRAINED);
        queueNumbers(1, 60);
        database.execute(
                QueueDatabase.OPERATOR,
                "DELETE FROM worker_pool.jobs WHERE status = 'done'",
                "VACUUM worker_pool.queued_job");
        queueNumbers(61, 120);
        assertThat(superuser("SELECT (SELECT ctid FROM worker_pool.queued_job WHERE query_text LIKE '%(61)')"
                        + " < (SELECT ctid FROM worker_pool.queued_job WHERE query_text LIKE '%(1)')"))
                .as("later rows stand before earlier ones")
                .containsExactly("t");

        run();

        assertThat(effects())
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 120)
                        .mapToObj(Integer::toString)
                        .toList());
    }

    private static void queueNumbers(int from, int to) throws SQLException {
        database.execute(
                "alice",
                "SELECT worker_pool.enqueue('foo', format('INSERT INTO effect (v) VALUES (%s)', i)) FROM"
                        + " generate_series("
                        + from + ", " + to + ") i");
    }

    @Test
    void a_failed_job_leaves_no_effect_and_does_not_stop_those_behind_it() throws SQLException {
        submit("INSERT INTO effect (v) VALUES ('lost'); SELECT 1/0");
        submit("INSERT INTO effect (v) VALUES ('kept')");
        run();
        assertThat(effects()).containsExactly("kept");
        assertThat(outcomes()).containsExactly("failed 22012 division by zero", "done");
    }

    @Test
    void all_statements_of_a_job_take_effect_or_none() throws SQLException {
        submit("INSERT INTO effect (v) VALUES ('a'); CREATE TABLE made (); INSERT INTO effect (v) VALUES ('b');");
        submit("INSERT INTO effect (v) VALUES ('c'); DROP TABLE made; SELECT no_such_column");
        run();
        assertThat(effects()).containsExactly("a", "b");
        assertThat(outcomes()).containsExactly("done", "failed 42703 column \"no_such_column\" does not exist");
        database.execute("alice", "DROP TABLE made");
    }

    @Test
    void effect_and_outcome_are_one_transaction() throws SQLException {
        submit("INSERT INTO effect (v) SELECT pg_current_xact_id()");
        submit("INSERT INTO effect (v) SELECT pg_current_xact_id()");
        run();
        assertThat(effects())
                .doesNotHaveDuplicates()
                .isEqualTo(superuser("SELECT xmin FROM worker_pool.queued_job ORDER BY id"));
    }

    @Test
    void a_job_that_ended_has_its_times_and_its_attempt() throws SQLException {
        submit("SELECT pg_sleep(0.1)");
        submit("SELECT 1/0");
        run();
        assertThat(look("attempts || ' ' || (submitted_at < started_at) || ' ' || (started_at < finished_at)"))
                .containsExactly("1 true true", "1 true true");
        assertThat(look("finished_at - started_at >= '0.1 s'")).containsExactly("t", "f");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "VACUUM effect | 25001 | VACUUM cannot run inside a transaction block",
                "CREATE INDEX CONCURRENTLY ON effect (v) | 25001 | CREATE INDEX CONCURRENTLY cannot run inside a"
                        + " transaction block",
                "REINDEX TABLE CONCURRENTLY effect | 25001 | REINDEX CONCURRENTLY cannot run inside a transaction"
                        + " block",
                "CREATE DATABASE another | 25001 | CREATE DATABASE cannot run inside a transaction block",
                "CALL commits() | 2D000 | invalid transaction termination",
                "DO 'BEGIN COMMIT; END' | 2D000 | invalid transaction termination",
            })
    void a_statement_that_refuses_a_transaction_fails_with_its_own_error_and_a_hint(
            String bad, String state, String message) throws SQLException {
        database.execute("alice", "CREATE OR REPLACE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'");
        assertThat(failureOf(bad)).isEqualTo("failed " + state + " " + message + "\n" + HINT);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "BEGIN | 0A000 EXECUTE of transaction commands is not implemented",
                "START TRANSACTION | 0A000 EXECUTE of transaction commands is not implemented",
                "COMMIT | 0A000 EXECUTE of transaction commands is not implemented",
                "ROLLBACK | 0A000 EXECUTE of transaction commands is not implemented",
                "SAVEPOINT s | 0A000 EXECUTE of transaction commands is not implemented",
                "SELECT 'open | 42601 unterminated quoted string at or near \"'open\"",
                "SELECT \"open | 42601 unterminated quoted identifier at or near \"\"open\"",
                "SELECT $$open | 42601 unterminated dollar-quoted string at or near \"$$open\"",
                "SELECT 1 /* open | 42601 unterminated /* comment at or near \"/* open\"",
                "open | 42601 syntax error at or near \"open\"",
                "COPY effect FROM STDIN | 0A000 cannot COPY to/from client in PL/pgSQL",
                "SELECT 7 AS a INTO made | 0A000 EXECUTE of SELECT ... INTO is not implemented",
                "COPY effect TO STDOUT | 0A000 cannot COPY to/from client in PL/pgSQL",
                "DO 'BEGIN RAISE query_canceled; END' | 57014 query_canceled",
                "DO 'BEGIN RAISE EXCEPTION USING ERRCODE = ''57P01'', MESSAGE = ''x''; END' | 57P01 x",
                "DO 'BEGIN ASSERT false; END' | P0004 assertion failed",
                "DO 'BEGIN RAISE EXCEPTION ''%'', ''''; END' | P0001",
                "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(10) | 57014 canceling statement due to user"
                        + " request",
                "INSERT INTO child VALUES (1) | 23503 insert or update on table \"child\" violates foreign key"
                        + " constraint \"child_id_fkey\"",
                "INSERT INTO chain VALUES (0) | P0001 at the end of the chain",
                "INSERT INTO chain VALUES (-1) | P0001 at the end of the chain",
                "INSERT INTO chain VALUES (-2) | P0001 at the end of the chain",
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE | 25001 SET TRANSACTION ISOLATION LEVEL must be called"
                        + " before any query",
                "SELECT recurse() | 54001 stack depth limit exceeded",
                "SET lock_timeout = '10ms'; SELECT pg_advisory_lock(4711) | 55P03 canceling statement due to lock"
                        + " timeout",
            })
    void no_text_stops_the_queue_or_leaves_half_of_its_effect(String bad, String failure) throws SQLException {
        prepareTraps();
        try (var other = database.asSuperuser()) {
            execute(other, "SELECT pg_advisory_lock(4711)");
            assertThat(failureOf(bad).lines().findFirst().orElseThrow().strip()).isEqualTo("failed " + failure);
        }
        assertThat(superuser("SELECT n FROM chain")).isEmpty();
    }

    /** A foreign key and a chain of triggers that strike at the end of the job, or at its COMMIT. */
    private static void prepareTraps() throws SQLException {
        if (!superuser("SELECT 1 WHERE to_regclass('chain') IS NOT NULL").isEmpty()) {
            return;
        }
        database.asSuperuser(
                "CREATE OR REPLACE FUNCTION chain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                        + " IF NEW.n = 0 THEN RAISE EXCEPTION 'at the end of the chain'; END IF;"
                        + " SET CONSTRAINTS ALL DEFERRED; INSERT INTO chain VALUES (NEW.n + 1); RETURN NULL; END $$",
                "CREATE OR REPLACE FUNCTION recurse() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN recurse(); END'",
                "CREATE TABLE parent (id int PRIMARY KEY)",
                "CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
                "CREATE TABLE chain (n int)",
                "CREATE CONSTRAINT TRIGGER chain AFTER INSERT ON chain DEFERRABLE INITIALLY DEFERRED"
                        + " FOR EACH ROW EXECUTE FUNCTION chain()",
                "GRANT ALL ON parent, child, chain TO PUBLIC");
    }

    /** As the first job of a turn, as one in the midst of a batch, and behind an effect of its own. */
    private String failureOf(String bad) throws SQLException {
        submit(bad);
        submit("INSERT INTO effect (v) VALUES ('kept')");
        submit(bad);
        submit("INSERT INTO effect (v) VALUES ('kept')");
        submit("INSERT INTO effect (v) VALUES ('lost'); " + bad);
        submit("INSERT INTO effect (v) VALUES ('kept')");
        run();
        assertThat(effects()).containsExactly("kept", "kept", "kept");
        var outcomes = outcomes();
        assertThat(List.of(outcomes.get(1), outcomes.get(3), outcomes.get(5))).containsOnly("done");
        assertThat(look("attempts")).containsOnly("1");
        assertThat(outcomes.get(2)).isEqualTo(outcomes.get(0));
        assertThat(outcomes.get(4)).startsWith("failed");
        return outcomes.get(0);
    }

    /** No handler of the client's is needed: the server itself sees these errors in time, so that none is met twice. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1/0",
                "DO 'BEGIN RAISE query_canceled; END'",
                "DO 'BEGIN ASSERT false; END'",
                "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(10)",
                "CREATE TEMP TABLE parent (id int PRIMARY KEY); CREATE TEMP TABLE child (id int REFERENCES parent"
                        + " DEFERRABLE INITIALLY DEFERRED); INSERT INTO child VALUES (1)",
                "DECLARE c CURSOR WITH HOLD FOR SELECT 1 / (random() * 0)::int",
            })
    void a_job_is_tried_once_wherever_it_fails(String bad) throws SQLException {
        database.execute("alice", "CREATE SEQUENCE IF NOT EXISTS tries", "ALTER SEQUENCE tries RESTART");
        for (int i = 0; i < 3; i++) {
            submit("SELECT nextval('tries')");
            submit("SELECT nextval('tries'); " + bad);
        }
        run();
        assertThat(superuser("SELECT last_value FROM tries")).containsExactly("6");
        assertThat(look("attempts")).containsOnly("1").hasSize(6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-- only a comment",
                "/* only a comment */",
                ";",
                " \n\t",
                "SELECT 1;;",
                "SELECT 1; -- and a comment"
            })
    void a_text_that_does_nothing_is_done(String query) throws SQLException {
        submit(query);
        submit("INSERT INTO effect (v) VALUES ('kept')");
        run();
        assertThat(outcomes()).containsExactly("done", "done");
        assertThat(effects()).containsExactly("kept");
    }

    @Test
    void a_cursor_that_would_outlive_the_transaction_is_never_run() throws SQLException {
        database.execute(
                "alice",
                "CREATE OR REPLACE FUNCTION touch() RETURNS int LANGUAGE sql AS"
                        + " $$ INSERT INTO effect (v) VALUES ('by the cursor') RETURNING id $$");
        submit("DECLARE c CURSOR WITH HOLD FOR SELECT touch()");
        submit("INSERT INTO effect (v) SELECT count(*) FROM pg_cursors WHERE name = 'c'");
        run();
        assertThat(outcomes()).containsExactly("done", "done");
        assertThat(effects()).containsExactly("0");
    }

    @Test
    void a_job_waits_for_locks_that_others_hold() throws Exception {
        try (var other = database.as("alice")) {
            execute(other, "BEGIN", "LOCK TABLE effect");
            submit("INSERT INTO effect (v) VALUES ('late')");
            var turn = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            await(() -> !superuser("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'effect'::regclass")
                    .isEmpty());
            execute(other, "INSERT INTO effect (v) VALUES ('early')", "COMMIT");
            assertThat(turn.get()).isEqualTo(Outcome.DRAINED);
        }
        assertThat(effects()).containsExactly("early", "late");
    }

    @Test
    void the_row_count_is_that_of_the_last_statement() throws SQLException {
        submit("INSERT INTO effect (v) SELECT i FROM generate_series(1, 7) i");
        submit("UPDATE effect SET v = 'x' WHERE id > (SELECT min(id) FROM effect)");
        submit("SELECT * FROM effect; DELETE FROM effect WHERE v = 'x'");
        submit("DELETE FROM effect; SELECT 1/0");
        run();
        assertThat(look("coalesce(row_count::text, '-')")).containsExactly("7", "6", "6", "-");
    }

    @Test
    void SELECT_INTO_fails_with_a_hint_for_somebody_who_does_not_write_functions() throws SQLException {
        assertThat(failureOf("SELECT 7 AS a INTO made"))
                .endsWith("is not implemented\nHINT:  Write CREATE TABLE ... AS SELECT ... instead.");
    }

    @Test
    void the_error_of_a_failed_job_is_the_servers_with_its_detail_and_hint() throws SQLException {
        submit("DO $$ BEGIN RAISE EXCEPTION E'two\\n"
                + "lines, \\'quoted\\' ü' USING DETAIL = 'more', HINT = 'try', ERRCODE = 'AB123'; END $$");
        submit("CREATE TEMP TABLE u (id int UNIQUE); INSERT INTO u VALUES (1), (1)");
        run();
        assertThat(outcomes())
                .containsExactly(
                        "failed AB123 two\nlines, 'quoted' ü\nDETAIL:  more\nHINT:  try",
                        "failed 23505 duplicate key value violates unique constraint \"u_id_key\"\n"
                                + "DETAIL:  Key (id)=(1) already exists.");
    }

    @Test
    void a_very_long_error_is_cut() throws SQLException {
        submit("DO $$ BEGIN RAISE EXCEPTION '%', repeat('ü', 1000000); END $$");
        submit("SELECT 1");
        run();
        assertThat(look("length(error)")).containsExactly("8000", null);
        assertThat(look("status")).containsExactly("failed", "done");
    }

    @Test
    void jobs_of_several_submitters_run_in_the_order_of_their_ids_each_as_its_own_role() throws SQLException {
        for (int i = 0; i < 20; i++) {
            // Runs of one submitter, longer and shorter ones.
            database.submit(
                    i % 7 < 3 ? "alice" : "bob",
                    "foo",
                    "INSERT INTO effect (v) SELECT current_user || ' ' || session_user");
        }
        run();
        assertThat(look("status")).containsOnly("done").hasSize(20);
        assertThat(effects())
                .containsExactlyElementsOf(IntStream.range(0, 20)
                        .mapToObj(i -> i % 7 < 3 ? "alice alice" : "bob wp$bob")
                        .toList());
    }

    @Test
    void a_role_may_have_an_odd_name() throws SQLException {
        var odd = "Odd \"role\", it's ü.$x";
        var quoted = "\"Odd \"\"role\"\", it's ü.$x\"";
        server.createLogin(odd, QueueDatabase.PASSWORD);
        try {
            database.list(List.of("alice", odd), List.of("alice", odd));
            QueueDatabase.writeLogin(workers.credentials().resolve("logins/2"), odd, QueueDatabase.PASSWORD);
            database.execute(odd, "CALL worker_pool.submit('foo', 'INSERT INTO effect (v) VALUES (current_user)')");
            assertThat(look("submitter")).containsExactly(odd);
            run();
            assertThat(effects()).containsExactly(odd);
        } finally {
            database.list(List.of("alice", "bob"), List.of("alice", "wp$bob"));
            database.asSuperuser("DROP OWNED BY " + quoted, "DROP ROLE " + quoted);
        }
    }

    @Test
    void a_job_runs_as_its_submitter_whoever_launched_the_worker() throws SQLException {
        database.execute("bob", "CALL worker_pool.launch('foo')");
        submit("INSERT INTO effect (v) VALUES (current_user)");
        submit("ALTER ROLE alice SUPERUSER");
        submit("SET ROLE bob");
        run();
        assertThat(effects()).containsExactly("alice");
        assertThat(look("coalesce(sqlstate, 'done')")).containsExactly("done", "42501", "42501");
    }

    @Test
    void a_launched_worker_with_nothing_to_do_ends_and_takes_the_request_with_it() throws SQLException {
        database.execute("bob", "CALL worker_pool.launch('foo')");
        run();
        assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                .isEmpty();
    }

    @Test
    void a_job_can_queue_jobs_which_run_behind_those_that_wait() throws SQLException {
        submit("CALL worker_pool.submit('foo', 'INSERT INTO effect (v) VALUES (''queued by a job'')')");
        submit("INSERT INTO effect (v) VALUES ('waited')");
        run();
        assertThat(effects()).containsExactly("waited", "queued by a job");
    }

    @Test
    void a_failed_job_queues_nothing() throws SQLException {
        submit("CALL worker_pool.submit('foo', 'SELECT 1'); SELECT 1/0");
        run();
        assertThat(outcomes()).containsExactly("failed 22012 division by zero");
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void a_worker_that_can_not_claim_ends_and_does_not_hold_it_against_the_job() throws SQLException {
        submit("INSERT INTO effect (v) VALUES ('kept')");
        // No operator would do that: whose jobs a session of this login runs has no answer.
        database.asSuperuser("UPDATE worker_pool.login SET login = 'alice'::regrole");
        try {
            assertThat(workers.run("foo")).isEqualTo(Outcome.UNEXPECTED);
            assertThat(look("status || ' ' || attempts")).containsExactly("waiting 0");
        } finally {
            database.list(List.of("alice", "bob"), List.of("alice", "wp$bob"));
        }
        run();
        assertThat(effects()).containsExactly("kept");
    }

    private static List<String> superuser(String query) throws SQLException {
        try (var connection = database.asSuperuser()) {
            return ask(connection, query);
        }
    }

    /** Its WorkerJob was deleted while it ran, and then it was interrupted. */
    @Test
    void a_statement_whose_end_was_asked_for_does_not_begin_again() throws SQLException {
        database.look("SELECT worker_pool.enqueue_workerjob(gen_random_uuid(), 'workerjob/a/b', 'foo',"
                + " ARRAY['INSERT INTO public.effect (v) VALUES (1)'], 'alice', 'continue')");
        database.asSuperuser("INSERT INTO worker_pool.cancel_request (id) SELECT id FROM worker_pool.queued_job");
        run();
        assertThat(outcomes()).containsExactly("cancelled");
        assertThat(effects()).isEmpty();
    }

    /** In such a database text is any bytes. Its encoding is changed as only a test may. */
    @Test
    void an_error_in_SQL_ASCII_is_readable(@TempDir Path folder) throws Exception {
        try (var ascii = QueueDatabase.on(server);
                var workersThere = new TestWorkers(ascii, folder)) {
            ascii.asSuperuser(
                    "UPDATE pg_database SET encoding = 0, datlocprovider = 'c', datcollate = 'C', datctype = 'C'"
                            + " WHERE datname = current_database()");
            // The worker would have to read it.
            assertThat(ascii.refusal(
                            "alice", "CALL worker_pool.submit('foo', E'SELECT ''\\xff''', autocommit => true)"))
                    .startsWith("22021");
            ascii.submit("alice", "foo", "DO $$ BEGIN RAISE EXCEPTION E'no: \\xff\\xfe'; END $$");
            assertThat(workersThere.run("foo")).isEqualTo(Outcome.DRAINED);
            assertThat(ascii.ask("alice", "SELECT error FROM worker_pool.jobs")).containsExactly("no: ??");
        }
    }
}
