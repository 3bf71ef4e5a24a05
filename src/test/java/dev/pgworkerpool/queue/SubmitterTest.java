package dev.pgworkerpool.queue;

import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static dev.pgworkerpool.postgres.QueueDatabase.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.OnEachServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose job it is: the current role's, and nobody can make it another's. */
class SubmitterTest extends OnEachServer {
    static final String NO_LOGIN = "42501 role \"mallory\" has no login in this worker pool";

    @AfterEach
    void empty() throws SQLException {
        database.asSuperuser("DELETE FROM worker_pool.queued_job");
        database.list(List.of("alice", "bob"), List.of("alice", "wp$bob"));
    }

    @Test
    void a_role_that_was_set_is_the_submitter() throws SQLException {
        database.execute("carol", "SET ROLE alice", "CALL worker_pool.submit('foo', 'SELECT 1')");
        database.asSuperuser("SET SESSION AUTHORIZATION bob", "CALL worker_pool.submit('foo', 'SELECT 2')");
        assertThat(submitters()).containsExactly("alice", "bob");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(worker_name, query_text, max_attempts) VALUES ('n', 'x', 2 + 0 * length(set_config('role', 'alice', true)))",
                "(worker_name, query_text, on_failure) VALUES ('n', 'x', replace(set_config('role', 'alice', true), 'alice', 'continue'))"
            })
    void a_role_that_is_set_in_the_midst_of_an_insert_lets_nobody_in(String values) throws SQLException {
        assertThat(database.refusal("carol", "INSERT INTO worker_pool.jobs " + values))
                .isEqualTo("42501 role \"carol\" has no login in this worker pool");
        assertThat(submitters()).isEmpty();
    }

    @Test
    void a_security_definer_function_submits_as_its_owner() throws SQLException {
        database.execute(
                "bob",
                "CREATE FUNCTION public.as_bob() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
                        + " AS $$ SELECT worker_pool.enqueue('foo', 'SELECT 1') $$");
        database.execute("alice", "SELECT public.as_bob()");
        database.execute("mallory", "SELECT public.as_bob()");
        assertThat(submitters()).containsExactly("bob", "bob");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "INSERT INTO worker_pool.jobs (worker_name, query_text, submitter) VALUES ('w', 'x', 'bob') | 0A000",
                "INSERT INTO worker_pool.jobs (worker_name, query_text, status) VALUES ('w', 'x', 'done') | 0A000",
                "INSERT INTO worker_pool.jobs (worker_name, query_text, origin) VALUES ('w', 'x', 'o') | 42501",
                "INSERT INTO worker_pool.jobs (id, worker_name, query_text) VALUES (0, 'w', 'x') | 428C9",
                "INSERT INTO worker_pool.jobs (id, worker_name, query_text) OVERRIDING SYSTEM VALUE VALUES (0, 'w',"
                        + " 'x') | 42501",
                "INSERT INTO worker_pool.jobs (worker_name, query_text) VALUES ('w', 'x') ON CONFLICT (id) DO UPDATE"
                        + " SET query_text = 'y' | 42501",
                "INSERT INTO worker_pool.queued_job (worker_name, query_text) VALUES ('w', 'x') | 42501",
                "UPDATE worker_pool.jobs SET query_text = 'y' | 42501",
                "UPDATE worker_pool.jobs SET status = 'waiting' | 0A000",
                "DELETE FROM worker_pool.jobs | 42501",
                "TRUNCATE worker_pool.queued_job | 42501",
                "SELECT * FROM worker_pool.jobs FOR UPDATE | 42501",
                "SELECT * FROM worker_pool.queued_job | 42501",
                "SELECT * FROM worker_pool.login | 42501",
                "SELECT * FROM worker_pool.worker | 42501",
                "SELECT * FROM worker_pool.launch_request | 42501",
                "SELECT * FROM worker_pool.running_transaction | 42501",
                "SELECT nextval('worker_pool.queued_job_id_seq') | 42501",
                "SELECT setval('worker_pool.queued_job_id_seq', 1) | 42501",
                "COPY worker_pool.jobs (worker_name, query_text) FROM PROGRAM 'true' | 42501",
                "COPY worker_pool.queued_job (worker_name, query_text) FROM STDIN | 42501",
                "CREATE TRIGGER t BEFORE INSERT ON worker_pool.queued_job FOR EACH ROW EXECUTE FUNCTION"
                        + " suppress_redundant_updates_trigger() | 42501",
                "ALTER TABLE worker_pool.queued_job DISABLE TRIGGER ALL | 42501",
                "CREATE TABLE worker_pool.t () | 42501",
                "SELECT worker_pool.set_logins('{alice}', '{alice}') | 42501",
                "SELECT worker_pool.enqueue_workerjob(gen_random_uuid(), 'o', 'w', '{x}', 'bob', 'continue') | 42501",
                "SELECT * FROM worker_pool.session_login | 42501",
                "SELECT worker_pool.demand() | 42501",
                "SELECT worker_pool.prune('0 s', '0 s', '{}', 1000) | 42501",
                "SELECT worker_pool.cancel_batch('foo', 'b', 1) | 42501",
                "SELECT worker_pool.turn_ended('foo', 1, 'x') | 42501",
                "SELECT worker_pool.begin_job('foo', 1) | 42501",
                "SELECT worker_pool.release('uid') | 42501",
                "SELECT worker_pool.end_attempt('foo', 1, NULL, NULL, NULL, false) | 42501",
                "SELECT worker_pool.attempt_failed(1, now(), 'x', 'x', true) | 42501",
                "SELECT worker_pool.set_progress('foo', 1, 'x') | 42501",
                "SELECT worker_pool.should_end('foo') | 42501",
                "SELECT worker_pool.admit_due() | 42501",
                "SELECT worker_pool.settle_cancelled(NULL) | 42501",
                "SELECT worker_pool.cancel_job(1, 1) | 42501",
                "SELECT worker_pool.retry_job(1) | 42501",
                "SELECT worker_pool.cancel_workerjob(gen_random_uuid()) | 42501",
                "CALL worker_pool.pause('foo') | 42501",
                "CALL worker_pool.resume('foo') | 42501",
                "SELECT * FROM worker_pool.job_call | 42501",
                "INSERT INTO worker_pool.job_call (job_id, verb, caller) VALUES (1, 'cancel', 'bob') | 42501",
                "SELECT * FROM worker_pool.cancel_request | 42501",
                "SELECT * FROM worker_pool.paused | 42501",
                "SELECT * FROM worker_pool.running_autocommit | 42501",
                "INSERT INTO worker_pool.jobs (worker_name, query_text, attempts) VALUES ('w', 'x', 1) | 0A000",
            })
    void a_listed_role_can_write_a_name_a_query_and_options_and_nothing_else(String statement, String state)
            throws SQLException {
        database.submit("bob", "foo", "SELECT 'bob'");
        database.submit("alice", "foo", "SELECT 'alice'");
        assertThat(database.refusal("alice", statement)).startsWith(state);
        assertThat(database.look(
                        "SELECT submitter || ' ' || status || ' ' || query_text FROM worker_pool.jobs ORDER BY id"))
                .containsExactly("bob waiting SELECT 'bob'", "alice waiting SELECT 'alice'");
    }

    /** The bodies of functions that run with the caller's search_path must not find anything there. */
    @Test
    void types_in_the_temporary_schema_do_not_make_somebody_else_the_submitter() throws SQLException {
        try (var mallory = database.as("mallory")) {
            plantTypes(mallory, "oid");
            assertThat(refusal(mallory, "CALL worker_pool.submit('foo', 'SELECT 1')"))
                    .isEqualTo(NO_LOGIN);
            assertThat(refusal(mallory, "CALL worker_pool.launch('foo')")).isEqualTo(NO_LOGIN);
        }
        assertThat(submitters()).isEmpty();
    }

    /** A type of this name that turns whatever it is assigned into the OID of alice. */
    private static void plantTypes(java.sql.Connection connection, String type) throws SQLException {
        execute(
                connection,
                "CREATE TYPE pg_temp." + type + " AS ENUM ('x')",
                "CREATE FUNCTION pg_temp.take(regrole) RETURNS pg_temp." + type
                        + " LANGUAGE sql AS $$ SELECT 'x'::pg_temp." + type + " $$",
                "CREATE FUNCTION pg_temp.give(pg_temp." + type + ") RETURNS pg_catalog.oid LANGUAGE sql"
                        + " AS $$ SELECT 'alice'::regrole::pg_catalog.oid $$",
                "CREATE CAST (regrole AS pg_temp." + type + ") WITH FUNCTION pg_temp.take(regrole) AS ASSIGNMENT",
                "CREATE CAST (pg_temp." + type + " AS pg_catalog.oid) WITH FUNCTION pg_temp.give(pg_temp." + type
                        + ") AS IMPLICIT");
    }

    @Test
    void functions_and_operators_in_the_callers_search_path_do_not_decide_who_submits() throws SQLException {
        database.asSuperuser("CREATE SCHEMA mallory AUTHORIZATION mallory");
        try (var mallory = database.as("mallory")) {
            execute(
                    mallory,
                    "CREATE FUNCTION mallory.quote_ident(text) RETURNS text LANGUAGE sql AS $$ SELECT 'alice' $$",
                    "CREATE FUNCTION mallory.quote_ident(name) RETURNS text LANGUAGE sql AS $$ SELECT 'alice' $$",
                    "CREATE FUNCTION mallory.to_regrole(text) RETURNS regrole LANGUAGE sql AS $$ SELECT"
                            + " 'alice'::regrole $$",
                    "CREATE FUNCTION mallory.octet_length(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
                    "CREATE FUNCTION mallory.has_login(oid) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$",
                    "CREATE FUNCTION mallory.eq(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$",
                    "CREATE OPERATOR mallory.= (LEFTARG = text, RIGHTARG = text, FUNCTION = mallory.eq)",
                    "SET search_path = mallory, pg_catalog");
            assertThat(refusal(mallory, "CALL worker_pool.submit('foo', 'SELECT 1')"))
                    .isEqualTo(NO_LOGIN);
            assertThat(refusal(mallory, "CALL worker_pool.submit('', 'SELECT 1')"))
                    .isEqualTo("22023 Worker name must not be empty");
            assertThat(refusal(mallory, "CALL worker_pool.submit(repeat('x', 64), 'SELECT 1')"))
                    .isEqualTo("22001 Worker name too long");
        } finally {
            database.asSuperuser("DROP SCHEMA mallory CASCADE");
        }
        assertThat(submitters()).isEmpty();
    }

    @Test
    void a_renamed_role_keeps_its_jobs() throws SQLException {
        withRole("dora", () -> {
            database.submit("dora", "foo", "SELECT 1");
            database.asSuperuser("ALTER ROLE dora RENAME TO dorothy");
            database.asSuperuser("ALTER ROLE dorothy PASSWORD '" + QueueDatabase.PASSWORD.replace("'", "''") + "'");
            assertThat(submitters()).containsExactly("dorothy");
            assertThat(database.ask("dorothy", "SELECT query_text FROM worker_pool.jobs"))
                    .containsExactly("SELECT 1");
            database.asSuperuser("ALTER ROLE dorothy RENAME TO dora");
        });
    }

    @Test
    void a_role_that_was_dropped_and_made_anew_does_not_inherit_jobs() throws SQLException {
        withRole("dora", () -> {
            database.submit("dora", "foo", "SELECT 1");
            dropRole("dora");
            createRole("dora");
            assertThat(database.ask("dora", "SELECT id FROM worker_pool.jobs")).isEmpty();
            assertThat(database.refusal("dora", "CALL worker_pool.submit('foo', 'SELECT 2')"))
                    .isEqualTo("42501 role \"dora\" has no login in this worker pool");
            assertThat(submitters()).doesNotContain("dora").hasSize(1);
            // Listed again under the old name, it still starts with nothing.
            database.list(List.of("dora"), List.of("dora"));
            assertThat(database.ask("dora", "SELECT id FROM worker_pool.jobs")).isEmpty();
            assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                    .as("names with work: the job of the old role has ended, it can never run")
                    .isEmpty();
            assertThat(database.look("SELECT concat_ws(' ', status, sqlstate, error) FROM worker_pool.jobs"))
                    .containsExactly("failed 42704 the role that queued it was dropped");
        });
    }

    @Test
    void a_job_that_runs_while_its_role_is_dropped_is_left_to_its_end() throws SQLException {
        var look = "SELECT FROM worker_pool.demand()";
        withRole("dora", () -> {
            database.submit("dora", "orphaned", "SELECT 1");
            try (var running = database.asSuperuser()) {
                running.setAutoCommit(false);
                execute(running, "SELECT FROM worker_pool.queued_job FOR UPDATE");
                dropRole("dora");
                createRole("dora");
                database.execute(QueueDatabase.OPERATOR, "SET lock_timeout = '5s'", look);
            }
            assertThat(database.look("SELECT status FROM worker_pool.jobs")).containsExactly("waiting");
            database.execute(QueueDatabase.OPERATOR, look);
            assertThat(database.look("SELECT status FROM worker_pool.jobs")).containsExactly("failed");
            assertThat(database.look("SELECT jobs_failed FROM worker_pool.worker WHERE worker_name = 'orphaned'"))
                    .containsExactly("1");
        });
    }

    /** Of a dump, the function that says who may queue has the OIDs of another server. */
    @Test
    void the_list_holds_again_when_it_is_given_again_to_a_restored_queue() throws SQLException {
        database.execute(QueueDatabase.OPERATOR, """
                CREATE OR REPLACE FUNCTION worker_pool.has_login(role oid) RETURNS boolean LANGUAGE sql STABLE
                AS $$ SELECT role = 'mallory'::regrole::oid $$""");
        database.list(List.of("alice"), List.of("alice"));
        database.submit("alice", "foo", "SELECT 1");
        assertThat(database.refusal("mallory", "CALL worker_pool.submit('foo', 'SELECT 2')"))
                .isEqualTo(NO_LOGIN);
    }

    @Test
    void a_session_hears_at_once_that_its_role_may_not_queue_any_more() throws SQLException {
        try (var alice = database.as("alice")) {
            for (int i = 0; i < 10; i++) {
                execute(alice, "CALL worker_pool.submit('foo', 'SELECT 1')");
            }
            database.list(List.of("bob"), List.of("wp$bob"));
            assertThat(refusal(alice, "CALL worker_pool.submit('foo', 'SELECT 2')"))
                    .isEqualTo("42501 role \"alice\" has no login in this worker pool");
        }
    }

    @Test
    void a_role_that_left_the_pool_can_not_queue_but_still_sees_its_jobs() throws SQLException {
        database.submit("alice", "foo", "SELECT 1");
        database.list(List.of("bob"), List.of("wp$bob"));
        assertThat(database.refusal("alice", "CALL worker_pool.submit('foo', 'SELECT 2')"))
                .isEqualTo("42501 role \"alice\" has no login in this worker pool");
        assertThat(database.ask("alice", "SELECT query_text FROM worker_pool.jobs"))
                .containsExactly("SELECT 1");
        assertThat(database.ask("alice", "SELECT reason FROM worker_pool.queue"))
                .containsExactly("RoleNotAllowed");
    }

    @Test
    void a_login_that_two_roles_would_share_runs_the_jobs_of_the_first() throws SQLException {
        withRole("dora", () -> {
            database.asSuperuser("GRANT alice TO dora");
            assertThat(setLogins("dora, alice", "dora, dora"))
                    .containsExactly("login \"dora\" runs the jobs of another role already");
            database.submit("dora", "foo", "SELECT 1");
            assertThat(database.refusal("alice", "CALL worker_pool.submit('foo', 'SELECT 1')"))
                    .isEqualTo("42501 role \"alice\" has no login in this worker pool");
            assertThat(database.ask("dora", "SELECT c.query_text FROM worker_pool.claim('foo', 0, NULL) c"))
                    .containsExactly("SELECT 1");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"})
    void a_companion_login_with_powers_of_its_own_is_refused(String power) throws SQLException {
        withRole("dora", () -> {
            database.asSuperuser("GRANT alice TO dora", "ALTER ROLE dora " + power);
            assertThat(setLogins("alice", "dora")).containsExactly("login \"dora\" may do more than role \"alice\"");
            assertThat(setLogins("dora", "dora")).as("as itself").isEmpty();
        });
    }

    @Test
    void a_companion_login_of_two_roles_is_refused() throws SQLException {
        withRole("dora", () -> {
            database.asSuperuser("GRANT alice, bob TO dora");
            assertThat(setLogins("alice", "dora")).containsExactly("login \"dora\" may do more than role \"alice\"");
        });
    }

    private static List<String> setLogins(String roles, String logins) throws SQLException {
        return database.look("SELECT unnest(worker_pool.set_logins('{%s}', '{%s}'))".formatted(roles, logins));
    }

    @Test
    void a_member_of_a_role_that_left_the_pool_keeps_what_it_needs() throws SQLException {
        var rights = "SELECT bool_and(has_function_privilege(?, f, 'EXECUTE')) FROM unnest(ARRAY['worker_pool.drain',"
                + " 'worker_pool.claim', 'worker_pool.finish', 'worker_pool.failure_text']::regproc[]) f";
        database.list(List.of("alice", "carol"), List.of("alice", "carol"));
        database.list(List.of("carol"), List.of("carol"));
        assertThat(database.look(rights, "carol")).containsExactly("t");
        assertThat(database.look(rights, "alice")).containsExactly("f");
    }

    private interface Body {
        void run() throws SQLException;
    }

    private void withRole(String role, Body body) throws SQLException {
        createRole(role);
        try {
            database.list(List.of(role), List.of(role));
            body.run();
        } finally {
            dropRole(role);
        }
    }

    private void createRole(String role) throws SQLException {
        server.createLogin(role, QueueDatabase.PASSWORD);
    }

    private static void dropRole(String role) throws SQLException {
        database.asSuperuser(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role + "'",
                "DROP OWNED BY " + role,
                "DROP ROLE " + role);
    }

    private static List<String> submitters() throws SQLException {
        return database.look("SELECT submitter FROM worker_pool.jobs ORDER BY id");
    }
}
