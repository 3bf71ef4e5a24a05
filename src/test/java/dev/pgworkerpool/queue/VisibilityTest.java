package dev.pgworkerpool.queue;

import static dev.pgworkerpool.postgres.QueueDatabase.ask;
import static dev.pgworkerpool.postgres.QueueDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.OnEachServer;
import dev.pgworkerpool.postgres.QueueDatabase;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who sees what in the views, and what they say about jobs that wait. */
class VisibilityTest extends OnEachServer {
    static final String QUEUE = "SELECT concat_ws(' ', worker_name, submitter, status, position, reason)"
            + " FROM worker_pool.queue ORDER BY id";
    static final String WORKERS =
            "SELECT concat_ws(' ', worker_name, state, waiting, current_job, pod) FROM worker_pool.workers ORDER BY 1";

    @BeforeEach
    void empty() throws SQLException {
        database.asSuperuser(
                "TRUNCATE worker_pool.queued_job, worker_pool.launch_request, worker_pool.worker, worker_pool.pool");
    }

    @ParameterizedTest
    @ValueSource(strings = {"jobs", "queue", "workers"})
    void one_sees_ones_own_the_owner_all_and_a_stranger_nothing(String view) throws SQLException {
        database.submit("alice", "of alice", "SELECT 'secret of alice'");
        database.submit("bob", "of bob", "SELECT 'secret of bob'");
        database.submit("alice", "shared", "SELECT 'secret of alice'");
        database.submit("bob", "shared", "SELECT 'secret of bob'");

        var names = "SELECT DISTINCT worker_name FROM worker_pool." + view + " ORDER BY 1";
        assertThat(database.ask("alice", names)).containsExactly("of alice", "shared");
        assertThat(database.ask("bob", names)).containsExactly("of bob", "shared");
        assertThat(database.ask("wp$bob", names)).containsExactly("of bob", "shared");
        assertThat(database.ask("carol", names)).isEmpty();
        assertThat(database.ask("mallory", names)).isEmpty();
        assertThat(database.ask(QueueDatabase.OPERATOR, names)).containsExactly("of alice", "of bob", "shared");

        var rows = "SELECT count(*) FROM worker_pool." + view;
        assertThat(database.ask("alice", rows)).containsExactly("2");
        assertThat(database.look(rows)).containsExactly(view.equals("workers") ? "3" : "4");
    }

    @Test
    void only_ones_own_texts_are_seen() throws SQLException {
        database.submit("alice", "shared", "SELECT 'secret of alice'");
        database.submit("bob", "shared", "SELECT 'secret of bob'");
        assertThat(database.ask("alice", "SELECT query_text FROM worker_pool.jobs"))
                .containsExactly("SELECT 'secret of alice'");
        assertThat(database.ask("bob", "SELECT query_text FROM worker_pool.jobs"))
                .containsExactly("SELECT 'secret of bob'");
        assertThat(database.look("SELECT query_text FROM worker_pool.jobs ORDER BY id"))
                .containsExactly("SELECT 'secret of alice'", "SELECT 'secret of bob'");
    }

    @ParameterizedTest
    @CsvSource({
        "jobs, query_text",
        "jobs, id",
        "jobs, submitter",
        "queue, id",
        "queue, submitter",
        "workers, worker_name"
    })
    void a_function_that_tells_what_it_sees_gets_no_row_of_others_to_see(String view, String column)
            throws SQLException {
        for (int i = 0; i < 20; i++) {
            database.submit("alice", "of alice", "SELECT 'secret of alice'");
            database.submit("bob", "of bob", "SELECT 'own'");
        }
        database.asSuperuser("ANALYZE worker_pool.queued_job");
        for (var role : List.of("bob", "mallory")) {
            try (var reader = database.as(role)) {
                execute(
                        reader,
                        "CREATE TEMP TABLE seen (v text)",
                        "CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001"
                                + " AS $$ BEGIN INSERT INTO seen VALUES ($1); RETURN true; END $$",
                        "SELECT count(*) FROM worker_pool." + view + " WHERE pg_temp.tell(" + column + "::text)");
                assertThat(ask(reader, "SELECT count(*) FROM seen"))
                        .containsExactly(role.equals("mallory") ? "0" : view.equals("workers") ? "1" : "20");
                assertThat(ask(reader, "SELECT v FROM seen WHERE v LIKE '%alice%' OR v IN (" + idsOf("alice") + ")"))
                        .isEmpty();
            }
        }
    }

    private static String idsOf(String role) throws SQLException {
        return "'"
                + String.join("', '", database.look("SELECT id FROM worker_pool.jobs WHERE submitter = ?::name", role))
                + "'";
    }

    @Test
    void the_queue_tells_the_place_and_the_reason_and_counts_jobs_that_one_does_not_see() throws SQLException {
        database.submit("bob", "foo", "SELECT 1");
        database.submit("alice", "foo", "SELECT 1");
        database.submit("alice", "bar", "SELECT 1");
        database.submit("alice", "foo", "SELECT 1");
        assertThat(database.look(QUEUE))
                .containsExactly(
                        "foo bob waiting 1 WaitingForSlot",
                        "foo alice waiting 2 WaitingForPredecessor",
                        "bar alice waiting 1 WaitingForSlot",
                        "foo alice waiting 3 WaitingForPredecessor");
        assertThat(database.ask("alice", QUEUE))
                .containsExactly(
                        "foo alice waiting 2 WaitingForPredecessor",
                        "bar alice waiting 1 WaitingForSlot",
                        "foo alice waiting 3 WaitingForPredecessor");
        assertThat(database.look("SELECT since = submitted_at FROM worker_pool.queue JOIN worker_pool.jobs USING (id)"))
                .containsOnly("t");
    }

    @Test
    void a_name_whose_pod_was_made_starts_and_has_waited_for_that_since_then() throws SQLException {
        database.submit("alice", "foo", "SELECT 1");
        database.submit("alice", "foo", "SELECT 1");
        database.look("SELECT turn FROM worker_pool.demand()");
        database.look("SELECT worker_pool.turn_started('foo', 1, 'pool-foo-1')");
        assertThat(database.look(QUEUE))
                .containsExactly("foo alice waiting 1 Starting", "foo alice waiting 2 WaitingForPredecessor");
        assertThat(database.look(WORKERS)).containsExactly("foo Starting 2");
        assertThat(database.look("SELECT q.since > submitted_at FROM worker_pool.queue q JOIN worker_pool.jobs USING"
                        + " (id) ORDER BY q.id"))
                .containsExactly("t", "f");
        database.look("SELECT worker_pool.turn_ended('foo', 1, NULL)");
        assertThat(database.look(QUEUE))
                .containsExactly("foo alice waiting 1 Retrying", "foo alice waiting 2 WaitingForPredecessor");
    }

    @Test
    void a_suspended_pool_is_the_reason_of_the_heads_of_the_queue() throws SQLException {
        database.submit("alice", "foo", "SELECT 1");
        database.submit("alice", "foo", "SELECT 1");
        database.look("SELECT worker_pool.acquire('uid', 'ns/library', true)");
        assertThat(database.look(QUEUE))
                .containsExactly("foo alice waiting 1 PoolSuspended", "foo alice waiting 2 WaitingForPredecessor");
        database.look("SELECT worker_pool.acquire('uid', 'ns/library', false)");
        assertThat(database.look(QUEUE).getFirst()).isEqualTo("foo alice waiting 1 WaitingForSlot");
    }

    @Test
    void ended_jobs_are_not_in_the_queue_but_their_name_is_an_idle_worker() throws SQLException {
        database.submit("alice", "foo", "SELECT 1");
        assertThat(database.ask("alice", WORKERS)).containsExactly("foo Waiting 1");
        database.look("SELECT turn FROM worker_pool.demand()");
        database.asSuperuser("UPDATE worker_pool.queued_job SET status = 'done', finished_at = now()");
        assertThat(database.look(QUEUE)).isEmpty();
        assertThat(database.ask("alice", WORKERS)).containsExactly("foo Idle 0");
        assertThat(database.look(WORKERS)).containsExactly("foo Idle 0");
        assertThat(database.ask("bob", WORKERS)).isEmpty();
    }

    @Test
    void the_owner_may_delete_ended_rows_and_nobody_else() throws SQLException {
        database.submit("alice", "foo", "SELECT 1");
        database.submit("alice", "foo", "SELECT 2");
        database.asSuperuser("UPDATE worker_pool.queued_job SET status = 'done' WHERE query_text = 'SELECT 1'");
        for (var role : List.of("alice", "bob", "mallory")) {
            assertThat(database.refusal(role, "DELETE FROM worker_pool.jobs WHERE status = 'done'"))
                    .startsWith("42501");
        }
        database.execute(
                QueueDatabase.OPERATOR, "DELETE FROM worker_pool.jobs WHERE status IN ('done', 'failed', 'cancelled')");
        assertThat(database.look("SELECT query_text FROM worker_pool.jobs")).containsExactly("SELECT 2");
    }
}
