package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static dev.pgworkerpool.postgres.QueueDatabase.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Jobs that try to become somebody else, or to meddle with the jobs of others: alice, whose own login runs her jobs, and bob,
 * whose jobs a companion login runs. Each has a secret that the other is after.
 */
class AttackTest extends OneWorkerTest {

    @BeforeEach
    void keepSecrets() throws SQLException {
        if (!loot("SELECT 1 WHERE to_regclass('loot') IS NOT NULL").isEmpty()) {
            database.asSuperuser("TRUNCATE loot, queued, chain, chain_of_cursors");
            return;
        }
        database.asSuperuser(
                "CREATE TABLE of_alice AS SELECT 'secret' AS v",
                "ALTER TABLE of_alice OWNER TO alice",
                "CREATE TABLE of_bob AS SELECT 'secret' AS v",
                "ALTER TABLE of_bob OWNER TO bob",
                "CREATE TABLE loot (v text, at int DEFAULT pg_trigger_depth(), who name DEFAULT current_user, login"
                        + " name DEFAULT session_user)",
                "CREATE TABLE queued (n int)",
                "CREATE TABLE chain (n int)",
                "CREATE TABLE chain_of_cursors (n int)",
                "GRANT ALL ON loot, queued, chain, chain_of_cursors TO PUBLIC",
                STEAL.formatted("steal(victim text) RETURNS int"),
                trigger("queued", "PERFORM steal(TG_ARGV[0]);"),
                trigger(
                        "chain",
                        "SET CONSTRAINTS ALL DEFERRED; INSERT INTO queued VALUES (1); PERFORM steal(TG_ARGV[0]);"),
                trigger(
                        "chain_of_cursors",
                        "SET CONSTRAINTS ALL DEFERRED; IF NEW.n < 2 THEN INSERT INTO chain_of_cursors VALUES (NEW.n +"
                                + " 1); ELSE EXECUTE format('DECLARE c CURSOR WITH HOLD FOR SELECT steal(%L)',"
                                + " TG_ARGV[0]); END IF;"));
    }

    /** Tries all ways, tells who it is, and never fails. */
    static final String STEAL = """
        CREATE OR REPLACE FUNCTION %s LANGUAGE plpgsql AS $$
        DECLARE
            way text;
        BEGIN
            INSERT INTO public.loot (v) VALUES ('was here');
            FOREACH way IN ARRAY ARRAY[
                'SELECT 1',
                'SET ROLE %%1$I', 'SET LOCAL ROLE %%1$I', 'SET ROLE NONE', 'RESET ROLE', 'SET ROLE pool_operator', 'SET ROLE postgres',
                'SET SESSION AUTHORIZATION %%1$I', 'SET SESSION AUTHORIZATION pool_operator', 'SET SESSION AUTHORIZATION DEFAULT',
                'SELECT set_config(''role'', %%1$L, true)', 'SELECT set_config(''role'', ''none'', false)',
                'SELECT set_config(''session_authorization'', %%1$L, true)',
                'GRANT %%1$I TO CURRENT_USER', 'ALTER ROLE CURRENT_USER SUPERUSER', 'ALTER ROLE SESSION_USER CREATEROLE'
            ] LOOP
                BEGIN
                    EXECUTE format(way, victim);
                    EXECUTE format('INSERT INTO public.loot (v) SELECT ''STOLEN '' || v FROM public.of_%%s', victim);
                EXCEPTION WHEN OTHERS THEN
                    NULL;
                END;
                BEGIN
                    INSERT INTO public.loot (v) VALUES ('after ' || way);
                EXCEPTION WHEN OTHERS THEN
                    NULL;
                END;
            END LOOP;
            RETURN 1;
        END
        $$\
        """;

    private static String trigger(String table, String body) {
        return "CREATE OR REPLACE FUNCTION on_" + table + "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body
                + " RETURN NULL; END $$;"
                + Stream.of("alice", "bob")
                        .map(victim -> "CREATE CONSTRAINT TRIGGER " + victim + " AFTER INSERT ON " + table
                                + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (current_user <> '" + victim
                                + "') EXECUTE FUNCTION on_" + table + "('" + victim + "')")
                        .reduce("", (a, b) -> a + ";" + b);
    }

    static Stream<Arguments> attacks() {
        return Stream.of(
                        "SELECT steal('%s')",
                        "DO $$ BEGIN PERFORM steal('%s'); END $$",
                        "INSERT INTO queued VALUES (1)",
                        "INSERT INTO queued VALUES (1); SET ROLE NONE",
                        "INSERT INTO chain VALUES (1)",
                        "INSERT INTO chain_of_cursors VALUES (0)",
                        "DECLARE c CURSOR WITH HOLD FOR SELECT steal('%s')",
                        "SET ROLE NONE; DECLARE c CURSOR WITH HOLD FOR SELECT public.steal('%s')",
                        "PREPARE p AS SELECT steal('%s'); EXECUTE p",
                        "CREATE TEMP TABLE t (v int DEFAULT public.steal('%s')) ON COMMIT DELETE ROWS; INSERT INTO t"
                                + " DEFAULT VALUES",
                        "SET search_path = pg_temp; CREATE FUNCTION pg_temp.claim(text, bigint, bigint) RETURNS int"
                                + " LANGUAGE sql AS $$ SELECT public.steal('%s') $$; SELECT pg_temp.claim('', 1, 1)")
                .flatMap(attack ->
                        Stream.of(Arguments.of("alice", "bob", attack), Arguments.of("bob", "alice", attack)));
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void a_job_can_become_nobody_but_its_submitter(String attacker, String victim, String attack) throws SQLException {
        var text = attack.formatted(victim);
        database.submit(attacker, "foo", text);
        database.submit(victim, "foo", "INSERT INTO effect (v) VALUES (current_user)");
        database.submit(attacker, "foo", "SELECT 1");
        database.submit(attacker, "foo", text);
        database.submit(attacker, "foo", "INSERT INTO effect (v) VALUES (current_user)");
        run();

        var login = attacker.equals("bob") ? "wp$bob" : attacker;
        assertThat(loot("SELECT v FROM loot WHERE v LIKE 'STOLEN%'")).isEmpty();
        assertThat(loot("SELECT DISTINCT login FROM loot")).isSubsetOf(login);
        assertThat(loot("SELECT DISTINCT who FROM loot")).isSubsetOf(attacker, login);
        // Only a cursor that nobody fetches from is never run.
        assertThat(loot("SELECT DISTINCT v FROM loot WHERE v = 'was here'"))
                .hasSize(attack.contains("DECLARE c CURSOR") ? 0 : 1);
        assertThat(effects()).containsExactly(victim, attacker);
        assertThat(loot("SELECT rolname FROM pg_roles WHERE (rolsuper OR rolcreaterole) AND rolname NOT LIKE 'p%'"))
                .isEmpty();
    }

    @Test
    void jobs_of_others_can_be_neither_claimed_nor_ended_nor_run() throws SQLException {
        var victims = database.submit("bob", "foo", "INSERT INTO effect (v) VALUES (current_user)");
        var own = database.submit("alice", "foo", "INSERT INTO effect (v) VALUES (current_user)");
        for (var attacker : List.of("alice", "carol", "mallory")) {
            try (var session = database.as(attacker)) {
                var claim = "SELECT c.id FROM worker_pool.claim('foo', 0, NULL) c";
                var finish = "SELECT worker_pool.finish(" + victims + ", 0, 'done', now(), 0, NULL, NULL)";
                var drain = "CALL worker_pool.drain('foo', 50, 1000, NULL, 0, NULL, NULL, NULL, NULL)";
                if (attacker.equals("mallory")) {
                    assertThat(refusal(session, claim)).isEqualTo("42501 permission denied for function claim");
                    assertThat(refusal(session, finish)).isEqualTo("42501 permission denied for function finish");
                    assertThat(refusal(session, drain)).isEqualTo("42501 permission denied for procedure drain");
                    continue;
                }
                execute(session, "BEGIN");
                assertThat(ask(session, claim)).containsOnlyNulls();
                assertThat(loot("SELECT id FROM worker_pool.queued_job WHERE id = " + victims + " FOR UPDATE NOWAIT"))
                        .as("the head is not held")
                        .hasSize(1);
                execute(session, "COMMIT");
                assertThat(refusal(session, finish))
                        .isEqualTo("55000 Job " + victims + " was not claimed in this transaction");
                assertThat(ask(session, drain)).hasSize(1);
                assertThat(look("status")).containsExactly("waiting", "waiting");
            }
        }
        run();
        assertThat(effects()).containsExactly("bob", "alice");
        assertThat(own).isGreaterThan(victims);
    }

    @Test
    void a_member_of_a_listed_role_can_not_run_or_end_its_jobs() throws SQLException {
        var job = submit("SELECT 1");
        try (var carol = database.as("carol")) {
            assertThat(ask(carol, "SELECT c.id FROM worker_pool.claim('foo', 0, NULL) c"))
                    .containsOnlyNulls();
            assertThat(refusal(carol, "SELECT worker_pool.finish(" + job + ", 0, 'done', now(), 0, NULL, NULL)"))
                    .startsWith("55000");
            execute(carol, "SET ROLE alice");
            assertThat(ask(carol, "SELECT c.id FROM worker_pool.claim('foo', 0, NULL) c"))
                    .containsOnlyNulls();
            assertThat(refusal(carol, "SELECT worker_pool.finish(" + job + ", 0, 'done', now(), 0, NULL, NULL)"))
                    .startsWith("55000");
        }
        assertThat(look("status")).containsExactly("waiting");
    }

    @Test
    void what_a_job_makes_up_about_its_own_end_has_bounds() throws SQLException {
        submit("SELECT 1");
        database.execute(
                "alice",
                "SELECT worker_pool.finish(c.id, c.token, 'failed', 'infinity', 42, repeat('x', 1000000), repeat('y', 1000000))"
                        + " FROM worker_pool.claim('foo', 0, NULL) c");
        assertThat(look("concat_ws(' ', length(error), sqlstate, started_at <= finished_at)"))
                .containsExactly("8000 yyyyy t");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT worker_pool.finish(%1$d, 0, 'done', now(), 42, NULL, NULL)",
                "SELECT worker_pool.finish(%1$d, 0, 'failed', now(), 42, 'made up', 'AAAAA')",
                "SELECT worker_pool.finish(%1$d, 0, 'cancelled', now(), 42, NULL, NULL)",
                "SELECT worker_pool.finish(%2$d, 0, 'done', now(), 42, NULL, NULL)",
                "CALL worker_pool.drain('foo', 50, 1000, NULL, 0, NULL, NULL, NULL, NULL)",
                "SELECT worker_pool.claim('foo', 0, NULL); SELECT 1/0",
                "UPDATE worker_pool.jobs SET query_text = 'SELECT 1'",
                "DELETE FROM worker_pool.jobs",
                "ALTER TABLE worker_pool.queued_job DISABLE TRIGGER ALL",
                "DROP SCHEMA worker_pool CASCADE",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pool_operator'",
            })
    void a_job_that_meddles_with_the_queue_from_within_fails_and_the_queue_goes_on(String attack) throws SQLException {
        var own = submit("SELECT 1");
        var bobs = own + 3;
        submit("INSERT INTO effect (v) VALUES ('lost'); " + attack.formatted(own + 1, bobs));
        submit("INSERT INTO effect (v) VALUES ('kept')");
        assertThat(database.submit("bob", "foo", "INSERT INTO effect (v) VALUES ('of bob')"))
                .isEqualTo(bobs);
        run();
        assertThat(look("status")).containsExactly("done", "failed", "done", "done");
        assertThat(look("attempts")).containsOnly("1");
        assertThat(look("row_count").get(1)).isNull();
        assertThat(effects()).containsExactly("kept", "of bob");
    }

    @Test
    void a_job_that_runs_the_queue_is_told_that_it_runs_already() throws SQLException {
        var job = submit("CALL worker_pool.drain('foo', 50, 1000, NULL, 0, NULL, NULL, NULL, NULL)");
        run();
        assertThat(outcomes()).containsExactly("failed 55006 Job " + job + " runs already, in this transaction");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER ROLE %I SET search_path = evil, pg_catalog",
                "ALTER ROLE %I SET statement_timeout = 1",
                "ALTER ROLE %I SET default_transaction_read_only = on",
                "ALTER ROLE %I SET row_security = off",
                "ALTER ROLE %I SET session_replication_role = replica",
                "ALTER ROLE %I SET role = 'pool_operator'",
                "ALTER ROLE %I PASSWORD 'x'",
            })
    void who_changes_the_settings_of_ones_own_login_harms_nobody_else(String alter) throws SQLException {
        try {
            for (var attacker : List.of("alice", "bob")) {
                database.submit(
                        attacker,
                        "own " + attacker,
                        "SET ROLE NONE; DO $$ BEGIN EXECUTE format('" + alter.replace("'", "''")
                                + "', session_user); END $$");
                database.submit(attacker, "own " + attacker, "SELECT 1");
                workers.run("own " + attacker);
                workers.run("own " + attacker);
                var other = attacker.equals("alice") ? "bob" : "alice";
                if (other.equals("bob")) {
                    database.submit(other, "foo", "INSERT INTO effect (v) VALUES (current_user)");
                    run();
                    assertThat(effects()).containsExactly("bob");
                }
            }
            assertThat(loot("SELECT DISTINCT who FROM loot")).isEmpty();
        } finally {
            var password = QueueDatabase.PASSWORD.replace("'", "''");
            database.asSuperuser(
                    "ALTER ROLE alice RESET ALL",
                    "ALTER ROLE alice PASSWORD '" + password + "'",
                    "ALTER ROLE \"wp$bob\" RESET ALL",
                    "ALTER ROLE \"wp$bob\" SET role = 'bob'",
                    "ALTER ROLE \"wp$bob\" PASSWORD '" + password + "'");
        }
    }

    private static List<String> loot(String query) throws SQLException {
        try (var connection = database.asSuperuser()) {
            return ask(connection, query);
        }
    }
}
