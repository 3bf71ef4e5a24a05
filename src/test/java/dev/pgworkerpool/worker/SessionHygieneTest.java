package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A job leaves no session state to the next one of its submitter, which runs in the same session. */
class SessionHygieneTest extends OneWorkerTest {

    /** What a job does, and an expression that would see it, with the value that it has in a session of its own. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "SET work_mem = '1234kB' | current_setting('work_mem') | 4MB",
                "SET LOCAL work_mem = '1234kB' | current_setting('work_mem') | 4MB",
                "SELECT set_config('work_mem', '1234kB', false) | current_setting('work_mem') | 4MB",
                "SET my.setting = 'x' | coalesce(current_setting('my.setting', true), '') | ~~",
                "SET search_path = pg_catalog | current_setting('search_path') | \"$user\", public",
                "SET LOCAL search_path = pg_catalog | current_setting('search_path') | \"$user\", public",
                "SET DateStyle = 'German' | current_setting('DateStyle') | ISO, MDY",
                "SET statement_timeout = '1h' | current_setting('statement_timeout') | 0",
                "SET application_name = 'x' | current_setting('application_name') LIKE 'worker\\_pool job %' | true",
                "RESET ALL | current_setting('application_name') LIKE 'worker\\_pool job %' | true",
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY | current_setting('transaction_read_only') | off",
                "SET TRANSACTION READ ONLY | current_setting('transaction_read_only') | off",
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE |"
                        + " current_setting('transaction_isolation') | read committed",
                "SET default_transaction_deferrable = on | current_setting('transaction_deferrable') | off",
                "SET SESSION AUTHORIZATION alice | current_user = session_user | true",
                "SET ROLE alice | current_setting('role') | none",
                "CREATE TEMP TABLE t () | to_regclass('pg_temp.t') IS NULL | true",
                "CREATE TEMP TABLE effect (v text) | to_regclass('effect') = to_regclass('public.effect') | true",
                "CREATE TEMP TABLE t (x int) ON COMMIT DROP | to_regclass('pg_temp.t') IS NULL | true",
                "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1' | to_regproc('pg_temp.f') IS NULL"
                        + " | true",
                "CREATE DOMAIN pg_temp.text AS int | to_regtype('pg_temp.text') IS NULL | true",
                "PREPARE p AS SELECT 1 | (SELECT count(*) FROM pg_prepared_statements WHERE name = 'p') | 0",
                "DECLARE c CURSOR FOR SELECT 1 | (SELECT count(*) FROM pg_cursors WHERE name = 'c') | 0",
                "DECLARE c CURSOR WITH HOLD FOR SELECT 1 | (SELECT count(*) FROM pg_cursors WHERE name = 'c') | 0",
                "LISTEN x | (SELECT count(*) FROM pg_listening_channels()) | 0",
                "SELECT pg_advisory_lock(7) | (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid ="
                        + " pg_backend_pid() AND objid = 7) | 0",
                "SELECT pg_advisory_lock_shared(7), pg_advisory_lock_shared(7) | (SELECT count(*) FROM pg_locks WHERE"
                        + " locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 7) | 0",
                "SELECT pg_advisory_lock(7, 7) | (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid ="
                        + " pg_backend_pid() AND objid = 7) | 0",
            })
    void nothing_of_a_job_is_left_for_the_next(String spoil, String look, String value) throws SQLException {
        // Alone, in the midst of a batch, and by a job that fails.
        var probe = "INSERT INTO public.effect (v) SELECT " + look;
        submit(spoil);
        submit(probe);
        submit(spoil);
        submit(probe);
        submit(spoil + "; SELECT 1/0");
        submit(probe);
        run();
        assertThat(look("coalesce(error, 'done')"))
                .containsExactly("done", "done", "done", "done", "division by zero", "done");
        assertThat(effects())
                .containsExactly(value == null ? "" : value, value == null ? "" : value, value == null ? "" : value);
    }

    @Test
    void the_last_values_of_sequences_are_forgotten() throws SQLException {
        database.execute("alice", "CREATE SEQUENCE IF NOT EXISTS numbers");
        submit("SELECT 1");
        submit("SELECT nextval('numbers')");
        submit("SELECT lastval()");
        submit("SELECT currval('numbers')");
        run();
        assertThat(look("coalesce(sqlstate, 'done')")).containsExactly("done", "done", "55000", "55000");
    }

    @Test
    void a_companion_acts_as_its_submitter_again_whatever_the_job_before_set() throws SQLException {
        var who = "INSERT INTO effect (v) SELECT current_user || ' ' || session_user";
        for (var spoil : new String[] {
            "SELECT 1",
            "SET ROLE NONE",
            "SET LOCAL ROLE NONE",
            "SET SESSION AUTHORIZATION \"wp$bob\"",
            "RESET ROLE",
            "SELECT set_config('role', 'none', false)",
            "RESET SESSION AUTHORIZATION",
            "SET ROLE NONE; SELECT 1/0"
        }) {
            database.submit("bob", "foo", spoil);
            database.submit("bob", "foo", who);
        }
        run();
        assertThat(effects()).hasSize(8).containsOnly("bob wp$bob");
        assertThat(look("submitter || coalesce(' ' || sqlstate, '')"))
                .hasSize(16)
                .containsOnly("bob", "bob 22012");
    }

    /** The second one runs at COMMIT, when the session was put in order already. */
    @Test
    void a_deferred_trigger_that_defers_another_one_leaves_neither_its_role_nor_a_setting() throws SQLException {
        database.asSuperuser("GRANT bob TO alice");
        createLateTrigger("""
                PERFORM set_config('role', 'bob', false), set_config('statement_timeout', '1h', false),
                        set_config('default_transaction_isolation', 'repeatable read', false),
                        set_config('default_transaction_read_only', 'on', false);""");
        submit("INSERT INTO public.late VALUES (1)");
        submit("INSERT INTO public.effect (v) SELECT concat_ws(' ', current_user, current_setting('statement_timeout'),"
                + " current_setting('transaction_isolation'))");
        run();
        assertThat(database.ask("alice", "SELECT n FROM public.late")).containsExactly("1", "2");
        assertThat(effects()).containsExactly("alice 0 read committed");
        database.asSuperuser("REVOKE bob FROM alice");
        dropLateTrigger();
    }

    @Test
    void nor_does_it_leave_anything_that_the_next_job_could_take_for_its_own() throws SQLException {
        database.execute("alice", "CREATE SEQUENCE IF NOT EXISTS numbers");
        createLateTrigger("""
                CREATE TEMP TABLE effect (v text);
                PERFORM pg_advisory_lock(7), nextval('numbers');
                EXECUTE 'LISTEN x';
                EXECUTE 'PREPARE p AS SELECT 1';""");
        submit("INSERT INTO public.late VALUES (1)");
        submit(
                "INSERT INTO effect (v) SELECT concat_ws(' ', to_regclass('pg_temp.effect'),"
                        + " (SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 7),"
                        + " (SELECT max(c) FROM pg_listening_channels() c), (SELECT name FROM pg_prepared_statements WHERE name = 'p'))");
        submit("SELECT lastval()");
        run();
        assertThat(effects()).containsExactly("");
        assertThat(outcomes())
                .containsExactly("done", "done", "failed 55000 lastval is not yet defined in this session");
        dropLateTrigger();
    }

    @Test
    void a_time_limit_that_a_job_set_does_not_strike_the_next() throws SQLException {
        submit("SELECT 1");
        submit("SET statement_timeout = '1ms'; SET lock_timeout = '1ms'; SET idle_in_transaction_session_timeout ="
                + " '1ms'");
        submit("SELECT pg_sleep(0.05)");
        submit("SELECT 1");
        run();
        assertThat(outcomes()).containsOnly("done");
    }

    @Test
    void a_jobs_time_is_not_limited_by_what_suits_the_sessions_of_its_role() throws SQLException {
        var query = "INSERT INTO effect (v) SELECT current_setting('transaction_isolation') FROM pg_sleep(0.1)";
        submit(query);
        submit(query);
        try {
            database.asSuperuser(
                    "ALTER ROLE alice SET statement_timeout = '20ms'",
                    "ALTER ROLE alice SET idle_session_timeout = '20ms'",
                    "ALTER ROLE alice SET default_transaction_read_only = on",
                    "ALTER ROLE alice SET default_transaction_isolation = 'serializable'");
            if (version() >= 17) {
                database.asSuperuser("ALTER ROLE alice SET transaction_timeout = '20ms'");
            }
            run();
        } finally {
            database.asSuperuser("ALTER ROLE alice RESET ALL");
        }
        assertThat(outcomes()).containsExactly("done", "done");
        assertThat(effects()).containsExactly("read committed", "read committed");
    }

    private static int version() throws SQLException {
        return Integer.parseInt(database.look("SELECT current_setting('server_version_num')")
                        .getFirst())
                / 10_000;
    }
}
