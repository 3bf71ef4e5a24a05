package dev.pgworkerpool.queue;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static dev.pgworkerpool.postgres.QueueDatabase.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.OnEachServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** NOTIFY at the commit of a submit: when nobody is awake for that name, and only then. */
class WakeUpTest extends OnEachServer {
    static final String K1 = "worker_pool.awake_key('foo')";
    static final String K2 = "worker_pool.barrier_key('foo')";

    Connection listener;
    Connection worker;
    Connection alice;

    @BeforeEach
    void connect() throws SQLException {
        listener = database.as(QueueDatabase.OPERATOR);
        execute(listener, "LISTEN worker_pool");
        worker = database.as(QueueDatabase.OPERATOR);
        alice = database.as("alice");
    }

    @AfterEach
    void close() throws SQLException {
        listener.close();
        worker.close();
        alice.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CALL worker_pool.submit('foo', 'SELECT 1')",
                "SELECT worker_pool.enqueue('foo', 'SELECT 1')",
                "INSERT INTO worker_pool.jobs (worker_name, query_text) VALUES ('foo', 'SELECT 1')",
                "CALL worker_pool.launch('foo')"
            })
    void a_name_without_a_worker_is_notified_and_one_with_a_worker_is_not(String call) throws SQLException {
        execute(alice, call);
        assertThat(notified()).containsExactly("foo");

        execute(worker, "SELECT pg_advisory_lock(" + K1 + ")");
        execute(alice, call);
        assertThat(notified()).isEmpty();

        execute(worker, "SELECT pg_advisory_unlock(" + K1 + ")");
        execute(alice, call);
        assertThat(notified()).containsExactly("foo");
    }

    @Test
    void a_worker_of_another_name_does_not_count() throws SQLException {
        execute(worker, "SELECT pg_advisory_lock(worker_pool.awake_key('bar'))");
        execute(alice, "CALL worker_pool.submit('foo', 'SELECT 1')");
        assertThat(notified()).containsExactly("foo");
    }

    @Test
    void each_name_of_a_transaction_is_notified_once_at_its_commit() throws SQLException {
        execute(
                alice,
                "BEGIN",
                "SELECT worker_pool.enqueue('foo', 'SELECT 1') FROM generate_series(1, 100)",
                "CALL worker_pool.submit('it''s \"odd\" ü', 'SELECT 1')");
        assertThat(notified()).isEmpty();
        execute(alice, "COMMIT");
        assertThat(notified()).containsExactly("foo", "it's \"odd\" ü");
    }

    @Test
    void a_rolled_back_submit_or_launch_notifies_nobody() throws SQLException {
        execute(
                alice,
                "BEGIN",
                "CALL worker_pool.submit('foo', 'SELECT 1')",
                "CALL worker_pool.launch('foo')",
                "ROLLBACK");
        execute(alice, "BEGIN", "SAVEPOINT s", "CALL worker_pool.submit('foo', 'SELECT 1')", "ROLLBACK TO s", "COMMIT");
        assertThat(refusal(alice, "CALL worker_pool.submit('', '')")).startsWith("22023");
        assertThat(notified()).isEmpty();
    }

    /** The first job of a name sees to those behind it, if it is still there. */
    @Test
    void a_submit_behind_one_that_was_rolled_back_notifies() throws SQLException {
        var submit = "CALL worker_pool.submit('foo', 'SELECT 1')";
        execute(alice, "BEGIN", "SAVEPOINT s", submit, "ROLLBACK TO s", submit, "COMMIT");
        assertThat(notified()).containsExactly("foo");

        execute(alice, """
                DO $$ BEGIN
                    BEGIN
                        CALL worker_pool.submit('foo', 'SELECT 1');
                        RAISE EXCEPTION 'back';
                    EXCEPTION WHEN raise_exception THEN
                        CALL worker_pool.submit('foo', 'SELECT 1');
                    END;
                END $$""");
        assertThat(notified()).containsExactly("foo");
    }

    @Test
    void a_look_that_was_rolled_back_is_made_again() throws SQLException {
        var submit = "CALL worker_pool.submit('foo', 'SELECT 1')";
        execute(
                alice,
                "BEGIN",
                submit,
                "SAVEPOINT s",
                "SET CONSTRAINTS ALL IMMEDIATE",
                "ROLLBACK TO s",
                submit,
                "COMMIT");
        assertThat(notified()).containsExactly("foo");
    }

    @Test
    void a_worker_that_stands_at_the_barrier_counts_as_gone() throws SQLException {
        execute(worker, "SELECT pg_advisory_lock(" + K1 + ")", "SELECT pg_advisory_lock(" + K2 + ")");
        execute(alice, "CALL worker_pool.submit('foo', 'SELECT 1')");
        assertThat(notified()).containsExactly("foo");
    }

    @ParameterizedTest
    @ValueSource(strings = {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"})
    void the_barrier_waits_for_a_submit_that_counted_on_the_worker(String isolation) throws SQLException {
        execute(worker, "SELECT pg_advisory_lock(" + K1 + ")");
        execute(
                alice,
                "BEGIN ISOLATION LEVEL " + isolation,
                "CALL worker_pool.submit('foo', 'SELECT 1')",
                "SET CONSTRAINTS ALL IMMEDIATE");
        execute(worker, "SELECT pg_advisory_unlock(" + K1 + ")");
        assertThat(ask(worker, "SELECT pg_try_advisory_lock(" + K2 + ")")).containsExactly("f");
        execute(alice, "COMMIT");
        assertThat(ask(worker, "SELECT pg_try_advisory_lock(" + K2 + ")")).containsExactly("t");
        assertThat(notified()).isEmpty();
    }

    @Test
    void an_open_transaction_stands_in_no_workers_way() throws SQLException {
        execute(alice, "BEGIN", "CALL worker_pool.submit('foo', 'SELECT 1')");
        assertThat(ask(worker, "SELECT pg_try_advisory_lock(" + K1 + ") AND pg_try_advisory_lock(" + K2 + ")"))
                .containsExactly("t");
        execute(alice, "ROLLBACK");
    }

    @Test
    void the_look_at_the_worker_leaves_no_lock_behind() throws SQLException {
        execute(alice, "BEGIN", "CALL worker_pool.submit('foo', 'SELECT 1')", "SET CONSTRAINTS ALL IMMEDIATE");
        assertThat(ask(worker, "SELECT pg_try_advisory_lock(" + K1 + ")")).containsExactly("t");
        execute(alice, "COMMIT");
        assertThat(notified()).containsExactly("foo");
    }

    /** The payloads so far; a mark that was sent after them tells that none is still to come. */
    private List<String> notified() throws SQLException {
        execute(worker, "SELECT pg_notify('worker_pool', 'the mark')");
        var payloads = new ArrayList<String>();
        while (!payloads.contains("the mark")) {
            for (var notification : listener.unwrap(PGConnection.class).getNotifications(10_000)) {
                payloads.add(notification.getParameter());
            }
        }
        payloads.remove("the mark");
        return payloads;
    }
}
