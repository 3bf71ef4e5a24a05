package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.BLOCKED;
import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The product in the hands of somebody who has kubectl, and psql in the database's pod. */
@Tag("cluster")
class KubectlIT {
    private static final String TIMEOUT = "--timeout=60s";

    private static ClusterSurroundings cluster;
    private static RunningSystem system;

    @TempDir
    private static Path dir;

    @BeforeAll
    static void start() throws Exception {
        cluster = ClusterSurroundings.start();
        system = RunningSystem.start(cluster);
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    @Test
    void the_example_of_the_README_runs_and_the_log_of_its_Job_has_a_line_for_each_job() throws Exception {
        psql("""
                CREATE TABLE my_big_table (id int, name text);
                CREATE TABLE other_big_table (author text)""");
        psql("""
                CALL worker_pool.submit('foo', 'create index myindex_1 on my_big_table (id)');
                CALL worker_pool.submit('foo', 'create index myindex_2 on my_big_table (name)');
                CALL worker_pool.submit('bar', 'create index otherindex_1 on other_big_table (author)')""");
        eventually().until(() -> psql("SELECT count(*) FROM worker_pool.queue").equals("0"));

        assertThat(psql("SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"))
                .isEqualTo("myindex_1\nmyindex_2\notherindex_1");
        var ids = psql("SELECT id FROM worker_pool.jobs WHERE worker_name = 'foo' ORDER BY id")
                .lines()
                .toList();
        assertThat(jobsOf("foo")).hasSize(1);
        assertThat(jobsOf("bar")).hasSize(1);
        assertThat(kubectl("logs", jobsOf("foo").getFirst()))
                .containsSubsequence("job " + ids.get(0) + " done in ", "job " + ids.get(1) + " done in ");
    }

    @Test
    void a_WorkerJob_is_waited_for_and_shown_in_columns() throws Exception {
        apply(workerJob("good", "shown", "SELECT 1", "SELECT 2"));
        kubectl("wait", "--for=condition=Ready", "wj/good", TIMEOUT);
        assertThat(table("get", "wj", "good"))
                .satisfiesExactly(
                        heads -> assertThat(heads).isEqualTo("NAME WORKER PHASE DONE REASON AGE"),
                        row -> assertThat(row).matches("good shown Succeeded 2/2 Succeeded \\d+s"));
        assertThat(table("get", "wj", "good", "-o", "wide"))
                .satisfiesExactly(
                        heads -> assertThat(heads).isEqualTo("NAME WORKER PHASE DONE REASON AGE POOL JOBS MESSAGE"),
                        row -> assertThat(row)
                                .matches("good shown Succeeded 2/2 Succeeded \\d+s library \\[\\d+,\\d+\\].*"));
        eventually()
                .untilAsserted(() -> assertThat(kubectl("describe", "wj", "good"))
                        // Those of one second come in any order.
                        .containsPattern("(?s)Events:.*Normal +Queued ")
                        .containsPattern("(?s)Events:.*Normal +Started ")
                        .containsPattern("(?s)Events:.*Normal +Succeeded "));
    }

    @Test
    void who_watches_a_WorkerJob_is_told_its_story() throws Exception {
        apply(workerJob("told", "told", BLOCKED).replace("role:", "suspend: true, role:"));
        kubectl("wait", "--for=jsonpath={.status.phase}=Suspended", "wj/told", TIMEOUT);
        var watch = CompletableFuture.supplyAsync(KubectlIT::watch);
        try (var blocker = system.block()) {
            kubectl("patch", "wj", "told", "--type=merge", "-p", "{\"spec\":{\"suspend\":false}}");
            kubectl("wait", "--for=jsonpath={.status.phase}=Running", "wj/told", TIMEOUT);
        }
        kubectl("wait", "--for=condition=Ready", "wj/told", TIMEOUT);
        assertThat(watch.join())
                .containsSubsequence("told Suspended", "told Running 0/1 Running", "told Succeeded 1/1 Succeeded");
    }

    private static String watch() {
        try {
            return String.join("\n", table("get", "wj", "told", "--watch", "--request-timeout=30s"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void each_attempt_of_a_WorkerJob_is_an_Event() throws Exception {
        apply(workerJob("tried", "tried", "SELECT 1/0").replace("role:", "maxAttempts: 2, retryDelay: 3s, role:"));
        kubectl("wait", "--for=condition=Stalled", "wj/tried", TIMEOUT);
        eventually()
                .untilAsserted(() -> assertThat(kubectl("describe", "wj", "tried"))
                        .containsPattern("(?s)Events:.*Warning +AttemptFailed .*attempt 1 failed: division by zero")
                        .containsPattern("(?s)Events:.*Warning +Failed .*statement 1 failed: division by zero"));
    }

    @Test
    void a_pool_is_shown_in_columns() throws Exception {
        assertThat(table("get", "wp"))
                .satisfiesExactly(
                        heads -> assertThat(heads).isEqualTo("NAME READY SLOTS RUNNING WAITING OLDEST AGE"),
                        row -> assertThat(row).matches("library True \\d/8 \\d \\d( \\d+s)? (\\d+m)?(\\d+s)?"));
        assertThat(kubectl("get", "pgworkerpool")).contains("workerpool.pgworkerpool.dev/library");
    }

    @Test
    void a_WorkerJob_that_fails_is_stalled_and_says_why() throws Exception {
        apply(workerJob("bad", "failing", "SELECT 1", "SELECT 1/0", "SELECT 3"));
        kubectl("wait", "--for=condition=Stalled", "wj/bad", TIMEOUT);
        assertThat(table("get", "wj", "bad").getLast()).matches("bad failing Failed 1/3 StatementFailed \\d+s");
        eventually()
                .untilAsserted(() -> assertThat(kubectl("describe", "wj", "bad"))
                        .containsSubsequence("Events:", "Warning", "Failed", "statement 2 failed: division by zero"));
    }

    @Test
    void deleting_a_WorkerJob_that_runs_returns_at_once() throws Exception {
        try (var blocker = system.block()) {
            apply(workerJob("running", "deleted", BLOCKED, "SELECT 2"));
            kubectl("wait", "--for=jsonpath={.status.phase}=Running", "wj/running", TIMEOUT);
            kubectl("delete", "wj", "running", "--wait", "--timeout=10s");
            eventually()
                    .until(() ->
                            psql("SELECT string_agg(status, ' ') FROM worker_pool.jobs WHERE worker_name = 'deleted'")
                                    .contains("cancelled cancelled"));
        }
    }

    @Test
    void what_cannot_be_is_refused_in_words() throws Exception {
        assertRefused(workerJob("long", "a".repeat(65), "SELECT 1"), "spec.worker", "63");
        assertRefused(workerJob("long", "ä".repeat(33), "SELECT 1"), "Worker name too long: it has more than 63 bytes");
        assertRefused(system.poolYaml("none", 0, ""), "spec.slots", "greater than or equal to 1");

        apply(workerJob("fixed", "fixed", "SELECT 1"));
        var immutable = "the spec of a WorkerJob is immutable, save suspend. Create another WorkerJob instead";
        assertRefused(workerJob("fixed", "fixed", "SELECT 2"), immutable);
        assertRefused(workerJob("fixed", "another", "SELECT 1"), immutable);
    }

    @Test
    void the_fields_of_a_pool_are_explained() throws Exception {
        assertThat(kubectl("explain", "wp.spec"))
                .contains("KIND:       WorkerPool")
                .containsPattern("slots\\s+<integer>\\s+How many worker pods may run at once")
                .containsPattern("database\\s+<Object> -required-");
    }

    @Test
    void a_worker_that_lingers_takes_the_next_job_into_the_same_pod() throws Exception {
        idleTimeout("20s");
        psql("CALL worker_pool.submit('lingering', 'SELECT 1')");
        awaitDone("lingering", 1);
        var pod = podsOf("lingering");
        await().during(Duration.ofSeconds(3)).until(() -> phase(pod.getFirst()).equals("Running"));
        psql("CALL worker_pool.submit('lingering', 'SELECT 2')");
        awaitDone("lingering", 2);
        assertThat(podsOf("lingering")).isEqualTo(pod).hasSize(1);
        assertThat(jobsOf("lingering")).hasSize(1);
        idleTimeout("0s");
    }

    @Test
    void a_worker_is_launched_with_nothing_queued() throws Exception {
        psql("CALL worker_pool.launch('launched')");
        eventually().until(() -> jobsOf("launched").size() == 1);
        kubectl("wait", "--for=condition=Complete", jobsOf("launched").getFirst(), TIMEOUT);
        assertThat(psql("SELECT count(*) FROM worker_pool.jobs WHERE worker_name = 'launched'"))
                .isEqualTo("0");
    }

    private static String kubectl(String... arguments) throws IOException {
        return cluster.kubectl(arguments);
    }

    /** As alice; the values of the rows. */
    private static String psql(String statements) throws IOException {
        return kubectl(
                        "exec",
                        "postgres",
                        "--",
                        "psql",
                        "--no-psqlrc",
                        "--quiet",
                        "--tuples-only",
                        "--no-align",
                        "--set=ON_ERROR_STOP=1",
                        "--username=alice",
                        "--command=" + statements,
                        system.database().name())
                .strip();
    }

    private static void idleTimeout(String time) throws IOException {
        kubectl(
                "patch",
                "wp",
                "library",
                "--type=merge",
                "-p",
                "{\"spec\":{\"worker\":{\"idleTimeout\":\"%s\"}}}".formatted(time));
        system.awaitObserved(RunningSystem.POOL);
    }

    private static void awaitDone(String worker, int jobs) {
        eventually()
                .until(() -> psql("SELECT count(*) FROM worker_pool.jobs WHERE status = 'done' AND worker_name = '%s'"
                                .formatted(worker))
                        .equals(Integer.toString(jobs)));
    }

    private static void apply(String yaml) throws IOException {
        kubectl(
                "apply",
                "-f",
                Files.writeString(dir.resolve("resource.yaml"), yaml).toString());
    }

    private static void assertRefused(String yaml, String... words) {
        assertThatThrownBy(() -> apply(yaml)).isInstanceOf(IOException.class).hasMessageContainingAll(words);
    }

    private static String workerJob(String name, String worker, String... statements) {
        return """
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerJob
                metadata: {name: %s}
                spec: {poolRef: {name: library}, worker: %s, role: alice, statements: ["%s"]}
                """.formatted(name, worker, String.join("\", \"", statements));
    }

    /** What it printed, with one space between columns. */
    private static List<String> table(String... arguments) throws IOException {
        return kubectl(arguments)
                .lines()
                .map(line -> line.strip().replaceAll(" +", " "))
                .toList();
    }

    private static List<String> jobsOf(String worker) throws IOException {
        return named("jobs", "job.batch/library-" + worker);
    }

    private static List<String> podsOf(String worker) throws IOException {
        return named("pods", "pod/library-" + worker);
    }

    private static List<String> named(String resource, String prefix) throws IOException {
        return kubectl("get", resource, "-o", "name")
                .lines()
                .filter(name -> name.startsWith(prefix))
                .toList();
    }

    private static String phase(String pod) throws IOException {
        return kubectl("get", pod, "-o", "jsonpath={.status.phase}");
    }
}
