package dev.pgworkerpool.demo;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The product in a few lines that one can read. Each tells what was seen; what should not be seen fails the demo. */
final class DemoStory {
    private static final Path WORKER_JOB = Path.of("examples/reindex-books.yaml");
    private static final String NEVER = "never";
    private static final int JOBS_IN_ALL = 14;
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final Duration GLANCE = Duration.ofMillis(50);

    private static final String EIGHT_AND_ONE = """
            SELECT count(*) FILTER (WHERE reason IN ('Starting', 'Running')) = 8
              AND count(*) FILTER (WHERE reason = 'WaitingForSlot') = 1
            FROM worker_pool.queue
            """;

    private static final String ENDED_IN_ORDER = """
            SELECT bool_and(status = 'done') AND count(*) = %d AND bool_and(in_order)
            FROM (
              SELECT status, started_at >= lag(finished_at, 1, '-infinity') OVER (PARTITION BY worker_name ORDER BY id) AS in_order
              FROM worker_pool.jobs
            ) AS j
            """;

    private final DemoSurroundings.Parts parts;
    private final AliceSession alice;
    private final Optional<Kubectl> kubectl;
    private final PrintStream out;

    private DemoStory(DemoSurroundings.Parts parts, AliceSession alice, PrintStream out) {
        this.parts = parts;
        this.alice = alice;
        this.kubectl = Kubectl.find(parts.cluster().kubeconfig());
        this.out = out;
    }

    static void tell(DemoSurroundings.Parts parts, PrintStream out) throws Exception {
        try (var alice = AliceSession.open(parts.database(), out)) {
            var story = new DemoStory(parts, alice, out);
            story.introduction();
            story.threeJobs();
            story.aRollback();
            story.aWorkerJob();
            story.nineNames();
            story.whatRan();
        }
    }

    private void introduction() {
        out.printf(
                "PostgreSQL 18, a Kubernetes API with one node and the operator are up (metrics: %s/q/metrics).%n",
                parts.operator().url());
        out.println("Look around from another terminal:  . target/demo/env;  psql;  kubectl get wp,wj,jobs,pods");
    }

    private void threeJobs() throws SQLException {
        title("alice, an ordinary role, queues three jobs for two workers: foo runs its own in order, bar beside it");
        alice.run("CALL worker_pool.submit('foo', 'create index myindex_1 on my_big_table (id)')");
        alice.run("CALL worker_pool.submit('foo', 'create index myindex_2 on my_big_table (name)')");
        alice.run("CALL worker_pool.submit('bar', 'create index otherindex_1 on other_big_table (author)')");
        awaitEnd();
    }

    private void aRollback() throws SQLException {
        title("A transaction that rolls back has queued nothing");
        alice.run("BEGIN");
        alice.run("CALL worker_pool.submit('" + NEVER + "', 'drop table books')");
        alice.run("ROLLBACK");
    }

    private void aWorkerJob() throws IOException, InterruptedException, SQLException {
        title("The same queue, fed by a custom resource: " + WORKER_JOB);
        if (kubectl.isPresent()) {
            kubectl("apply", "-f", WORKER_JOB.toString());
            kubectl("wait", "--for=condition=Ready", "--timeout=60s", "wj/reindex-books");
            kubectl("get", "wj");
        } else {
            out.println("    (kubectl is not installed here, so the demo applies the file itself)");
            parts.namespace().apply(Files.readString(WORKER_JOB));
            await("a ready WorkerJob")
                    .atMost(PATIENCE)
                    .pollInterval(GLANCE)
                    .until(() -> parts.namespace().isReady("WorkerJob", "reindex-books"));
            out.println("    WorkerJob reindex-books is ready: both statements are done");
        }
    }

    private void nineNames() throws SQLException, IOException, InterruptedException {
        title("Nine workers and eight slots: the ninth waits for a slot, and gets one");
        alice.run(
                "SELECT worker_pool.enqueue('slow ' || n, 'select pg_sleep(3)') AS id FROM generate_series(1, 9) AS n");
        await("eight workers with a slot and one without")
                .atMost(PATIENCE)
                .pollInterval(GLANCE)
                .until(() -> alice.holds(EIGHT_AND_ONE));
        alice.show("""
                SELECT reason, count(*), string_agg(worker_name, ', ' ORDER BY id) AS workers
                FROM worker_pool.queue GROUP BY reason""");
        awaitEnd();
    }

    private void whatRan() throws SQLException {
        title("What ran, in the order in which it began");
        alice.show("""
                SELECT id, worker_name, status, started_at::time(2), finished_at::time(2), query_text
                FROM worker_pool.jobs ORDER BY started_at""");
        require(alice.holds(ENDED_IN_ORDER.formatted(JOBS_IN_ALL)), "not all jobs are done, each name in its order");
        require(neverStarted(), "the rolled-back submit started a pod");
        out.println(
                "\nAll done, each worker's in order. Of what was rolled back there is no row, and there was no pod.");
    }

    private boolean neverStarted() {
        return parts.cluster().history().stream()
                .noneMatch(change -> change.name().contains("-" + NEVER + "-"));
    }

    private void awaitEnd() throws SQLException {
        await("the end of all queued jobs")
                .atMost(PATIENCE)
                .pollInterval(GLANCE)
                .until(() -> alice.holds("SELECT NOT EXISTS (SELECT FROM worker_pool.queue)"));
    }

    private void kubectl(String... arguments) throws IOException, InterruptedException {
        out.println("    $ kubectl " + String.join(" ", arguments));
        print(kubectl.orElseThrow().run(arguments));
    }

    private void title(String text) {
        out.println();
        out.println(text + ":");
    }

    private void print(List<String> lines) {
        lines.forEach(line -> out.println("    " + line));
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
