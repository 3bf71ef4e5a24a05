package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A job runs with the search_path and the time zone that its submitter had, and nothing that stands in it gets in the way of the drain. */
class SearchPathTest extends OneWorkerTest {
    static final String PROBE = "INSERT INTO public.effect (v) SELECT current_setting(''search_path'')";

    @AfterEach
    void drop() throws SQLException {
        database.asSuperuser(
                "ALTER ROLE alice RESET ALL",
                "DROP SCHEMA IF EXISTS \"My Schema\" CASCADE",
                "DROP SCHEMA IF EXISTS \"it's, \"\"quoted\"\"\" CASCADE",
                "DROP SCHEMA IF EXISTS evil CASCADE");
    }

    /** All names in these have their schema. */
    @Test
    void of_what_runs_with_the_owners_rights_only_what_runs_for_each_job_has_its_callers_search_path()
            throws SQLException {
        assertThat(database.look("""
                        SELECT p.proname FROM pg_proc p
                        WHERE p.pronamespace = 'worker_pool'::regnamespace AND p.prosecdef
                          AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%')
                        ORDER BY 1""")).containsExactly("claim_ordinary", "finish");
    }

    @Test
    void each_job_has_the_search_path_that_its_submitter_had() throws SQLException {
        database.asSuperuser(
                "CREATE SCHEMA \"My Schema\" AUTHORIZATION alice",
                "CREATE SCHEMA \"it's, \"\"quoted\"\"\" AUTHORIZATION alice");
        try (var alice = database.as("alice")) {
            execute(
                    alice,
                    "CREATE TABLE \"My Schema\".here (v text)",
                    "CREATE TABLE \"it's, \"\"quoted\"\"\".here (v text)",
                    "SET search_path = \"My Schema\", \"it's, \"\"quoted\"\"\"",
                    "CALL worker_pool.submit('foo', 'INSERT INTO here VALUES (1)')",
                    "SET search_path = \"it's, \"\"quoted\"\"\", \"My Schema\"",
                    "CALL worker_pool.submit('foo', 'INSERT INTO here VALUES (2)')",
                    "SET search_path = ''",
                    "CALL worker_pool.submit('foo', '" + PROBE + "')",
                    "SET search_path = \"$user\", no_such_schema, pg_temp",
                    "CALL worker_pool.submit('foo', '" + PROBE + "')",
                    "RESET search_path",
                    "CALL worker_pool.submit('foo', '" + PROBE + "')",
                    "INSERT INTO worker_pool.jobs (worker_name, query_text) VALUES ('foo', '" + PROBE + "')");
        }
        run();
        assertThat(outcomes()).containsOnly("done");
        assertThat(database.ask("alice", "SELECT v FROM \"My Schema\".here")).containsExactly("1");
        assertThat(database.ask("alice", "SELECT v FROM \"it's, \"\"quoted\"\"\".here"))
                .containsExactly("2");
        assertThat(effects())
                .containsExactly(
                        "\"\"", "\"$user\", no_such_schema, pg_temp", "\"$user\", public", "\"$user\", public");
    }

    @Test
    void a_time_without_zone_means_to_a_job_what_it_meant_to_its_submitters_session() throws SQLException {
        var job = "INSERT INTO public.effect (v) SELECT extract(epoch FROM timestamptz ''2026-07-01 12:00'')";
        try (var alice = database.as("alice")) {
            execute(
                    alice,
                    "SET TIME ZONE 'Asia/Tokyo'",
                    "CALL worker_pool.submit('foo', '" + job + "')",
                    "SET TIME ZONE 'America/New_York'",
                    "CALL worker_pool.submit('foo', '" + job + "')");
        }
        database.asSuperuser("ALTER ROLE alice SET TimeZone = 'Europe/Kyiv'");
        database.look("SELECT worker_pool.enqueue_workerjob(gen_random_uuid(), 'workerjob/a/b', 'foo', ARRAY['" + job
                + "'], 'alice', 'continue')");
        run();
        assertThat(outcomes()).containsOnly("done");
        assertThat(effects()).containsExactly("1782874800.000000", "1782921600.000000", "1782896400.000000");
    }

    @Test
    void a_hostile_search_path_of_a_job_does_not_reach_the_drain() throws SQLException {
        plantEvil();
        try (var alice = database.as("alice")) {
            execute(
                    alice,
                    "SET search_path = evil, pg_catalog, public",
                    "CALL worker_pool.submit('foo', 'INSERT INTO public.effect (v) VALUES (''kept'')')",
                    "CALL worker_pool.submit('foo', 'INSERT INTO public.effect (v) VALUES (''kept'')')",
                    "CALL worker_pool.submit('foo', 'open')",
                    "CALL worker_pool.submit('foo', 'INSERT INTO public.effect (v) VALUES (''kept'')')");
        }
        run();
        assertThat(look("coalesce(sqlstate, status)")).containsExactly("done", "done", "42601", "done");
        assertThat(effects()).containsExactly("kept", "kept", "kept");
    }

    @Test
    void a_hostile_search_path_of_the_role_does_not_reach_the_drain() throws SQLException {
        plantEvil();
        database.asSuperuser("ALTER ROLE alice SET search_path = evil, pg_catalog, public");
        submit("INSERT INTO public.effect (v) VALUES ('kept')");
        submit("INSERT INTO public.effect (v) VALUES ('kept')");
        submit("open");
        database.submit("bob", "foo", "INSERT INTO public.effect (v) VALUES ('kept')");
        run();
        assertThat(look("coalesce(sqlstate, status)")).containsExactly("done", "done", "42601", "done");
        assertThat(effects()).containsExactly("kept", "kept", "kept");
    }

    /** All functions, operators, types and casts that come to mind, under the names of those that the drain uses. */
    private static void plantEvil() throws SQLException {
        var all = new ArrayList<>(List.of(
                "CREATE SCHEMA evil AUTHORIZATION alice",
                "GRANT USAGE ON SCHEMA evil TO PUBLIC",
                "CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE"
                        + " 'evil'; END $$",
                "CREATE FUNCTION evil.pg_advisory_unlock_all() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE"
                        + " 'evil'; END $$"));
        for (var function : List.of(
                "set_config(text, text, boolean)",
                "cardinality(anyarray)",
                "array_append(anycompatiblearray, anycompatible)",
                "format(text, variadic \"any\")",
                "concat_ws(text, variadic \"any\")",
                "round(numeric, int)",
                "date_part(text, interval)",
                "left(text, int)",
                "make_interval(int, int, int, int, int, int, float8)")) {
            if (function.contains("\"any\"")) {
                continue;
            }
            var polymorphic = function.contains("anycompatible") ? "anycompatiblearray" : "text";
            all.add("CREATE FUNCTION evil." + function + " RETURNS " + polymorphic
                    + " LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil'; END $$");
        }
        for (var type : List.of("int4", "int8", "float8", "numeric", "text", "timestamptz", "interval")) {
            for (var operator : List.of("+", "-", "*", "/", ">", ">=", "=", "||", "<>")) {
                var function = "evil.op_" + type + Integer.toHexString(operator.hashCode());
                all.add("CREATE FUNCTION " + function + "(pg_catalog." + type + ", pg_catalog." + type
                        + ") RETURNS pg_catalog.bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'evil'; END $$");
                all.add("CREATE OPERATOR evil." + operator + " (LEFTARG = pg_catalog." + type
                        + ", RIGHTARG = pg_catalog." + type + ", FUNCTION = " + function + ")");
            }
        }
        for (var type :
                List.of("text", "timestamptz", "float8", "numeric", "int8", "int4", "bool", "oid", "name", "record")) {
            all.add("CREATE TYPE evil." + type + " AS ENUM ('evil')");
        }
        database.asSuperuser(all.toArray(String[]::new));
    }
}
