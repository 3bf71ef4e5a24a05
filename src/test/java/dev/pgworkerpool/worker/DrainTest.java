package dev.pgworkerpool.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.embedded.EmbeddedPostgres;
import dev.pgworkerpool.embedded.QueueDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What a job may contain, what stays of it, and what it leaves behind. */
@ParameterizedClass(autoCloseArguments = false)
@MethodSource("dev.pgworkerpool.embedded.PostgresServers#all")
class DrainTest {
    final EmbeddedPostgres server;
    QueueDatabase database;
    TestWorkers workers;

    DrainTest(EmbeddedPostgres server) {
        this.server = server;
    }

    @BeforeEach
    void create(@TempDir Path folder) throws SQLException {
        database = QueueDatabase.on(server);
        workers = new TestWorkers(database, folder);
        database.execute(
                "alice",
                "CREATE TABLE public.effect (id int GENERATED ALWAYS AS IDENTITY, who name DEFAULT current_user, v"
                        + " text)",
                "GRANT ALL ON public.effect TO PUBLIC");
    }

    @AfterEach
    void drop() throws SQLException {
        workers.close();
        database.close();
    }

    @Test
    void jobs_of_a_name_run_in_the_order_of_their_ids_also_when_dead_rows_made_room_before_them() throws SQLException {
        IntStream.rangeClosed(1, 300).forEach(i -> submit("filler", "SELECT 1"));
        assertThat(workers.run("filler")).isEqualTo(Outcome.DRAINED);
        database.execute(QueueDatabase.OPERATOR, "DELETE FROM worker_pool.jobs", "VACUUM worker_pool.queued_job");

        IntStream.rangeClosed(1, 120).forEach(i -> submit("foo", "INSERT INTO effect (v) VALUES ('" + i + "')"));
        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);

        assertThat(effects())
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 120)
                        .mapToObj(Integer::toString)
                        .toList());
    }

    @Test
    void a_failed_job_leaves_no_effect_and_does_not_stop_those_behind_it() throws SQLException {
        submit("foo", "INSERT INTO effect (v) VALUES ('lost'); SELECT 1/0");
        submit("foo", "INSERT INTO effect (v) VALUES ('kept')");

        assertThat(workers.run("foo")).isEqualTo(Outcome.DRAINED);

        assertThat(effects()).containsExactly("kept");
        assertThat(jobs("status || ' ' || coalesce(sqlstate, '-') || ' ' || coalesce(error, '-')"))
                .containsExactly("failed 22012 division by zero", "done - -");
    }

    private void submit(String worker, String query) {
        try {
            database.submit("alice", worker, query);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private List<String> effects() throws SQLException {
        return database.look("SELECT v FROM public.effect ORDER BY id");
    }

    private List<String> jobs(String columns) throws SQLException {
        return database.look("SELECT " + columns + " FROM worker_pool.jobs ORDER BY id");
    }
}
