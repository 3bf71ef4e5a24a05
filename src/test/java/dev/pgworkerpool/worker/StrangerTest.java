package dev.pgworkerpool.worker;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What somebody can do who may connect to the database and has nothing to do with the pool: nothing of note. */
class StrangerTest extends OneWorkerTest {

    @ParameterizedTest
    @CsvSource({
        "pg_advisory_lock, awake_key",
        "pg_advisory_lock, barrier_key",
        "pg_advisory_lock_shared, barrier_key",
    })
    void whoever_holds_the_keys_of_a_name_blocks_neither_its_submits_nor_its_worker(String lock, String key)
            throws Exception {
        CompletableFuture<Outcome> turn;
        try (var mallory = database.as("mallory");
                var alice = database.as("alice")) {
            execute(mallory, "SELECT " + lock + "(worker_pool." + key + "('foo'))");
            execute(alice, "SET lock_timeout = '100ms'", "SET statement_timeout = '5s'");
            execute(alice, "CALL worker_pool.submit('foo', 'INSERT INTO effect (v) VALUES (1)')");
            turn = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            await(() -> look("status").equals(List.of("done")));
            execute(alice, "CALL worker_pool.submit('foo', 'INSERT INTO effect (v) VALUES (2)')");
            execute(alice, "CALL worker_pool.launch('foo')");
        }
        assertThat(turn.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
        // The first worker may have ended before the second submit: the operator would have started another one.
        run();
        assertThat(effects()).containsExactly("1", "2");
    }

    @Test
    void whoever_holds_the_key_of_the_barrier_is_told_from_a_worker_and_somebody_is_notified() throws SQLException {
        try (var mallory = database.as("mallory");
                var listener = database.as(QueueDatabase.OPERATOR)) {
            execute(listener, "LISTEN worker_pool");
            execute(mallory, "SELECT pg_advisory_lock(worker_pool.barrier_key('foo'))");
            submit("SELECT 1");
            assertThat(listener.unwrap(org.postgresql.PGConnection.class).getNotifications(10_000))
                    .extracting(org.postgresql.PGNotification::getParameter)
                    .containsExactly("foo");
        }
    }

    @Test
    void a_submitter_who_holds_its_own_head_stops_other_names_not_at_all() throws Exception {
        submit("INSERT INTO effect (v) VALUES ('held')");
        database.submit("bob", "bar", "INSERT INTO effect (v) VALUES ('of another name')");
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN", "SELECT worker_pool.claim('foo', 0, NULL)");
            assertThat(workers.run("bar")).isEqualTo(Outcome.DRAINED);
            assertThat(effects()).containsExactly("of another name");
            var turn = CompletableFuture.supplyAsync(() -> workers.run("foo"));
            await(() -> !database.look("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
                    .isEmpty());
            execute(alice, "ROLLBACK");
            assertThat(turn.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
        }
        assertThat(effects()).containsExactly("of another name", "held");
    }

    @Test
    void odd_notifications_neither_end_nor_fool_a_worker_that_waits_for_more() throws Exception {
        submit("INSERT INTO effect (v) VALUES (1)");
        var turn = CompletableFuture.supplyAsync(
                () -> workers.worker("foo", Duration.ofSeconds(1)).run());
        await(() -> look("status").equals(List.of("done")));
        try (var mallory = database.as("mallory")) {
            for (var payload : List.of(
                    "''", "'foo'", "' foo'", "repeat('ü', 3999)", "'''; DROP TABLE x; --'", "E'\\n\\t\\\\'", "'bar'")) {
                execute(
                        mallory,
                        "SELECT pg_notify('worker_pool', " + payload + "), pg_notify('worker_pool_job', " + payload
                                + ")");
            }
            submit("INSERT INTO effect (v) VALUES (2)");
        }
        assertThat(turn.get(30, TimeUnit.SECONDS)).isEqualTo(Outcome.DRAINED);
        assertThat(effects()).containsExactly("1", "2");
    }

    /** Exact matches for the names and arguments that the SQL of the pool uses, in a schema that everybody's path contains. */
    @Test
    void nothing_that_stands_in_a_shared_schema_is_run_by_the_operator_or_by_a_worker() throws Exception {
        try (var mallory = database.as("mallory")) {
            execute(mallory, "CREATE TABLE public.trap (who text)", "GRANT ALL ON public.trap TO PUBLIC");
            for (var function : TRAPS) {
                execute(
                        mallory,
                        "CREATE FUNCTION public." + function + " LANGUAGE plpgsql AS $$ BEGIN"
                                + " INSERT INTO public.trap VALUES (current_user || ': " + function.substring(0, 12)
                                + "');"
                                + " RETURN NULL; END $$");
            }
            for (var types : List.of(
                    "text, int",
                    "bigint, int",
                    "int, float8",
                    "text, bigint",
                    "name, text",
                    "oid, regrole",
                    "text, name",
                    "smallint, bigint")) {
                plantOperators(mallory, types.split(", "));
            }
            for (var table :
                    List.of("queued_job", "worker", "login", "pool", "jobs", "queue", "pg_roles", "launch_request")) {
                execute(mallory, "CREATE TABLE public." + table + " (id int)");
            }
        }
        try {
            submit("INSERT INTO effect (v) VALUES (current_user)");
            database.submit("bob", "foo", "SELECT no_such_column");
            everyCallOfTheOperator();
            run();
            assertThat(effects()).containsExactly("alice");
            assertThat(look("status")).containsExactly("done", "failed");
            everyCallOfTheOperator();
            assertThat(database.look("SELECT who FROM public.trap")).isEmpty();
        } finally {
            database.asSuperuser("DROP OWNED BY mallory CASCADE");
        }
    }

    private static final List<String> TRAPS = List.of(
            "hashtextextended(text, int) RETURNS bigint",
            "count(text) RETURNS bigint",
            "to_regrole(name) RETURNS regrole",
            "quote_ident(name) RETURNS text",
            "pg_has_role(oid, oid, text) RETURNS boolean",
            "pg_get_userbyid(int) RETURNS name",
            "format(text, text) RETURNS text",
            "format(text, name) RETURNS text",
            "format(text, text, text) RETURNS text",
            "format(text, bigint, text, numeric, text) RETURNS text",
            "concat_ws(text, text, text, text) RETURNS text",
            "set_config(text, text, boolean, int) RETURNS text",
            "make_interval(secs float8) RETURNS interval",
            "round(float8, int) RETURNS numeric",
            "octet_length(varchar) RETURNS int",
            "array_append(text[], text) RETURNS text[]",
            "array_agg(bigint) RETURNS bigint[]",
            "unnest(text[], text[]) RETURNS text",
            "pg_notify(text, varchar) RETURNS int",
            "pg_advisory_lock(text) RETURNS int",
            "head(text) RETURNS bigint",
            "demand() RETURNS text",
            "claim(text, bigint, bigint) RETURNS bigint",
            "has_login(oid) RETURNS boolean",
            "left(text, bigint) RETURNS text",
            "date_part(text, interval) RETURNS float8",
            "current_database(int) RETURNS name");

    private static void plantOperators(Connection mallory, String[] types) throws SQLException {
        var statements = new ArrayList<String>();
        for (var operator : List.of("=", "<>", "<", ">", ">=", "+", "-", "*", "||", "&", "<<", "|")) {
            var function = "public.\"trap " + operator + types[0] + types[1] + "\"";
            statements.add("CREATE FUNCTION " + function + "(" + types[0] + ", " + types[1]
                    + ") RETURNS boolean LANGUAGE plpgsql" + " AS $$ BEGIN INSERT INTO public.trap VALUES ('" + operator
                    + "'); RETURN NULL; END $$");
            statements.add("CREATE OPERATOR public." + operator + " (LEFTARG = " + types[0] + ", RIGHTARG = " + types[1]
                    + ", FUNCTION = " + function + ")");
        }
        execute(mallory, statements.toArray(String[]::new));
    }

    private static void everyCallOfTheOperator() throws SQLException {
        database.list(List.of("alice"), List.of("alice"));
        database.list(List.of("alice", "bob"), List.of("alice", "wp$bob"));
        try (var operator = database.as(QueueDatabase.OPERATOR)) {
            for (var call : List.of(
                    "SELECT worker_pool.acquire('uid', 'ns/library', false)",
                    "SELECT worker_pool.admit_due()",
                    "SELECT worker_name FROM worker_pool.demand()",
                    "SELECT worker_pool.should_end('foo')",
                    "SELECT worker_pool.enqueue_workerjob(gen_random_uuid(), 'o', 'bar', '{VACUUM}', 'alice', 'pause', true)",
                    "SELECT worker_pool.cancel(max(id)) FROM worker_pool.jobs WHERE worker_name = 'bar'",
                    "SELECT worker_pool.retry(max(id)) FROM worker_pool.jobs WHERE worker_name = 'bar'",
                    "SELECT worker_pool.begin_job('bar', max(id), 1) FROM worker_pool.jobs WHERE worker_name = 'bar'",
                    "SELECT worker_pool.end_attempt('bar', max(id), NULL, 'x', '08007', true) FROM worker_pool.jobs"
                            + " WHERE worker_name = 'bar'",
                    "SELECT worker_pool.turn_started('foo', 1, 'pool-foo-1')",
                    "SELECT worker_name FROM worker_pool.open_turns()",
                    "SELECT worker_pool.interrupted('foo', 'alice', 'lost')",
                    "SELECT worker_pool.turn_ended('foo', 1, 'OOMKilled')",
                    "SELECT done FROM worker_pool.statistics()",
                    "SELECT status FROM worker_pool.jobs",
                    "SELECT reason FROM worker_pool.queue",
                    "SELECT state FROM worker_pool.workers",
                    "SELECT worker_pool.prune('1 h', '1 h', '{}', 10)",
                    "SELECT worker_pool.enqueue_workerjob('00000000-0000-0000-0000-000000000001', 'o', 'wj', '{SELECT"
                            + " 1}', 'alice', 'continue')",
                    "SELECT status FROM worker_pool.workerjob('00000000-0000-0000-0000-000000000001')",
                    "SELECT worker_pool.cancel_workerjob('00000000-0000-0000-0000-000000000001')",
                    "SELECT worker_pool.release('uid')")) {
                ask(operator, call);
            }
            execute(
                    operator,
                    "CALL worker_pool.pause('bar')",
                    "CALL worker_pool.resume('bar')",
                    "DELETE FROM worker_pool.jobs WHERE status = 'cancelled' OR worker_name = 'bar'");
        }
    }
}
