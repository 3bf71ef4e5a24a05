package dev.pgworkerpool.queue;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static dev.pgworkerpool.postgres.QueueDatabase.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pgworkerpool.postgres.OnEachServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be queued, and what is refused at the call. */
class SubmitTest extends OnEachServer {
    static final String SUBMIT = "CALL worker_pool.submit(?, ?)";
    static final String ENQUEUE = "SELECT worker_pool.enqueue(?, ?)";
    static final String INSERT = "INSERT INTO worker_pool.jobs (worker_name, query_text) VALUES (?, ?)";

    @AfterEach
    void empty() throws SQLException {
        database.asSuperuser("DELETE FROM worker_pool.queued_job", "DELETE FROM worker_pool.launch_request");
    }

    @Test
    void submit_queues_one_waiting_job_of_the_current_role() throws SQLException {
        try (var alice = database.as("alice")) {
            call(alice, SUBMIT, "foo", "SELECT 1");
            assertThat(ask(
                            alice,
                            "SELECT row(worker_name, query_text, status, submitter, attempts, origin)::text FROM"
                                    + " worker_pool.jobs WHERE submitted_at BETWEEN now() - interval '1 min' AND"
                                    + " clock_timestamp() AND num_nulls(started_at, finished_at, error, sqlstate,"
                                    + " row_count) = 5"))
                    .containsExactly("(foo,\"SELECT 1\",waiting,alice,0,)");
        }
    }

    @Test
    void without_options_each_way_queues_the_same() throws SQLException {
        try (var alice = database.as("alice")) {
            for (var way : List.of(SUBMIT, ENQUEUE, INSERT)) {
                call(alice, way, "foo", "SELECT 1");
            }
        }
        assertThat(database.look("SELECT count(*) || ' ' || count(DISTINCT to_jsonb(job) - 'id' - 'submitted_at')"
                        + " FROM worker_pool.queued_job AS job"))
                .containsExactly("3 1");
    }

    @Test
    void enqueue_returns_the_id() throws SQLException {
        var id = database.ask("alice", ENQUEUE, "foo", "SELECT 1").getFirst();
        assertThat(jobs("id")).containsExactly(id);
    }

    @ParameterizedTest
    @ValueSource(strings = {SUBMIT, ENQUEUE, INSERT})
    void what_can_not_be_queued_is_refused_at_the_call(String call) throws SQLException {
        try (var alice = database.as("alice")) {
            assertThat(refusal(alice, call, "x".repeat(64), "SELECT 1")).isEqualTo("22001 Worker name too long");
            assertThat(refusal(alice, call, "ü".repeat(31) + "xx", "SELECT 1")).isEqualTo("22001 Worker name too long");
            assertThat(refusal(alice, call, "", "SELECT 1")).isEqualTo("22023 Worker name must not be empty");
            assertThat(refusal(alice, call, null, "SELECT 1")).isEqualTo("22004 Worker name must not be null");
            assertThat(refusal(alice, call, "foo", "")).isEqualTo("22023 Query must not be empty");
            assertThat(refusal(alice, call, "foo", null)).isEqualTo("22004 Query must not be null");
        }
        // Carol is a member of alice, who is listed.
        for (var role : List.of("mallory", "carol", "pool_operator")) {
            assertThat(database.refusal(role, call, "foo", "SELECT 1"))
                    .isEqualTo("42501 role \"" + role + "\" has no login in this worker pool");
        }
        assertThat(jobs("id")).isEmpty();
    }

    @Test
    void a_companion_submits_as_the_role_it_acts_as() throws SQLException {
        database.execute("wp$bob", "CALL worker_pool.submit('foo', 'SELECT 1')");
        assertThat(jobs("submitter")).containsExactly("bob");
    }

    @Test
    void the_refusal_of_a_role_says_what_to_add() {
        assertThatThrownBy(() -> database.execute("mallory", "CALL worker_pool.submit('foo', 'SELECT 1')"))
                .hasMessageContaining("Hint: Add a Secret")
                .hasMessageContainingAll("spec.logins", "companion", "role");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "it's \"quoted\"",
                "'; DELETE FROM worker_pool.jobs; --",
                "select 1'',''done''); delete from worker_pool.jobs; --",
                "$(x) ${y} `z` %s %I \\ \\' \\n ? ?? :name",
                "$$ $1 $tag$",
                "line one\nline two\r\n\ttab",
                " leading and trailing ",
                "пчела 蜂 🐝 é",
                "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü!",
                "/*",
                "--",
                "worker_pool"
            })
    void any_text_is_kept_as_it_is_in_names_and_queries(String text) throws SQLException {
        try (var alice = database.as("alice")) {
            call(alice, SUBMIT, text, text);
            call(alice, ENQUEUE, text, text);
            call(alice, INSERT, text, text);
        }
        assertThat(jobs("worker_name")).containsExactly(text, text, text);
        assertThat(jobs("query_text")).containsExactly(text, text, text);
    }

    @Test
    void a_rolled_back_submit_queues_nothing() throws SQLException {
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN", "CALL worker_pool.submit('foo', 'SELECT 1')", "ROLLBACK");
            execute(
                    alice,
                    "BEGIN",
                    "SAVEPOINT s",
                    "CALL worker_pool.submit('foo', 'SELECT 2')",
                    "ROLLBACK TO s",
                    "COMMIT");
        }
        assertThat(jobs("id")).isEmpty();
    }

    @Test
    void a_submit_is_seen_by_nobody_before_its_commit() throws SQLException {
        try (var alice = database.as("alice")) {
            execute(alice, "BEGIN", "CALL worker_pool.submit('foo', 'SELECT 1')");
            assertThat(jobs("id")).isEmpty();
            execute(alice, "COMMIT");
            assertThat(jobs("id")).hasSize(1);
        }
    }

    @Test
    void an_open_transaction_does_not_hold_up_another_submit_of_the_same_name() throws SQLException {
        try (var one = database.as("alice");
                var two = database.as("alice")) {
            execute(one, "BEGIN", "CALL worker_pool.submit('foo', 'SELECT 1')", "CALL worker_pool.launch('foo')");
            execute(
                    two,
                    "SET lock_timeout = '100ms'",
                    "CALL worker_pool.submit('foo', 'SELECT 2')",
                    "CALL worker_pool.launch('foo')");
            execute(one, "COMMIT");
        }
        assertThat(jobs("query_text")).containsExactly("SELECT 1", "SELECT 2");
    }

    @Test
    void many_rows_can_be_queued_by_one_insert_in_their_order() throws SQLException {
        database.execute(
                "alice",
                "INSERT INTO worker_pool.jobs (worker_name, query_text)"
                        + " SELECT 'foo', i::text FROM generate_series(1, 20) i");
        assertThat(jobs("query_text")).isEqualTo(database.look("SELECT i FROM generate_series(1, 20) i"));
    }

    @Test
    void launch_keeps_a_request_and_queues_nothing() throws SQLException {
        database.execute(
                "alice", "CALL worker_pool.launch('foo')", "BEGIN", "CALL worker_pool.launch('bar')", "ROLLBACK");
        assertThat(database.look("SELECT worker_name || ' ' || (head_id IS NULL) FROM worker_pool.demand()"))
                .containsExactly("foo true");
        assertThat(jobs("id")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"CALL worker_pool.launch(?)", "INSERT INTO worker_pool.launch_request (worker_name) VALUES (?)"})
    void launch_refuses_what_submit_refuses(String launch) throws SQLException {
        assertThat(database.refusal("alice", launch, "x".repeat(64))).isEqualTo("22001 Worker name too long");
        assertThat(database.refusal("alice", launch, "")).isEqualTo("22023 Worker name must not be empty");
        assertThat(database.refusal("alice", launch, new @Nullable String[] {null}))
                .isEqualTo("22004 Worker name must not be null");
        assertThat(database.refusal("mallory", launch, "foo"))
                .isEqualTo("42501 role \"mallory\" has no login in this worker pool");
        assertThat(database.look("SELECT worker_name FROM worker_pool.demand()"))
                .isEmpty();
    }

    private static List<String> jobs(String column) throws SQLException {
        return database.look("SELECT " + column + " FROM worker_pool.jobs ORDER BY id");
    }

    private static void call(Connection connection, String call, String worker, String query) throws SQLException {
        try (var statement = connection.prepareStatement(call)) {
            statement.setString(1, worker);
            statement.setString(2, query);
            statement.execute();
        }
    }
}
