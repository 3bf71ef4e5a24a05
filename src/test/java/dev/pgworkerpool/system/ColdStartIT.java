package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;

import dev.pgworkerpool.api.Api;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where the time goes from the commit of a submit to its effect when the name has no pod and nothing else runs. The clocks of this
 * machine, of the nodes and of PostgreSQL have to agree.
 */
@Tag("measurement")
class ColdStartIT {
    private static final int STARTS = Integer.getInteger("cold.starts", 20);

    /** The JVM's first line says what time it is and how old it is, both in ms. */
    private static final String JVM_LOG = "-Xlog:gc+init:stdout:timemillis,uptimemillis";

    private static final Pattern JVM_LINE = Pattern.compile("\\[(\\d+)ms\\]\\[(\\d+)ms\\]");

    private static RunningSystem system;
    private static ColdStartMarks marks;

    @BeforeAll
    static void start(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
        system.createPool(
                RunningSystem.POOL, 8, "  worker: {env: [{name: JAVA_TOOL_OPTIONS, value: '%s'}]}".formatted(JVM_LOG));
        system.database()
                .asSuperuser(
                        "CREATE TABLE public.cold_start (worker text, first_session timestamptz, effect timestamptz)",
                        // Its owner sees the sessions of all.
                        """
                        CREATE FUNCTION public.cold_start(worker text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
                            INSERT INTO public.cold_start
                            SELECT worker, min(backend_start), clock_timestamp() FROM pg_stat_activity
                            WHERE datname = current_database() AND application_name LIKE 'worker_pool %'
                        $$""");
        marks = new ColdStartMarks(system.client(), system.namespace());
    }

    @AfterAll
    static void stop() {
        marks.close();
        system.close();
    }

    @ParameterizedTest(name = "beside {0} known names")
    @ValueSource(ints = {0, 1000})
    void a_name_without_a_pod_runs_its_job(int knownNames) throws Exception {
        addKnownNames(knownNames);
        var starts = new ArrayList<Map<ColdStartStep, Instant>>();
        for (int i = 0; i <= STARTS; i++) {
            awaitIdle();
            starts.add(coldStart("cold %d beside %d".formatted(i, knownNames)));
        }
        starts.removeFirst(); // warms up the operator
        report(knownNames, starts);
    }

    /** Names whose jobs have all ended. */
    private static void addKnownNames(int number) throws SQLException {
        system.database().asSuperuser("""
                INSERT INTO worker_pool.worker (worker_name) SELECT 'known ' || n FROM generate_series(1, %d) n""".formatted(number), """
                INSERT INTO worker_pool.queued_job (worker_name, query_text, status, submitter, search_path, finished_at)
                SELECT 'known ' || n, 'SELECT 1', 'done', 'alice'::regrole, 'public', now() FROM generate_series(1, %d) n""".formatted(number));
    }

    private static void awaitIdle() {
        eventually()
                .until(() -> system.workerSessions().isEmpty()
                        && system.workerPods().stream()
                                .allMatch(pod ->
                                        "Succeeded".equals(pod.getStatus().getPhase())));
        eventually().until(() -> system.pool(RunningSystem.POOL).getStatus().slotsInUse() == 0);
    }

    private static Map<ColdStartStep, Instant> coldStart(String worker) throws Exception {
        marks.begin(worker);
        system.database().submit("alice", worker, "SELECT public.cold_start('" + worker + "')");
        var commit = Instant.now();
        system.awaitStatus(worker, "done");
        eventually().until(() -> marks.marks().size() == 5);
        var all = marks.marks();
        all.put(ColdStartStep.COMMIT, commit);
        all.put(ColdStartStep.JVM_STARTED, jvmStart(worker));
        all.put(ColdStartStep.FIRST_SESSION, inDatabase("first_session", worker));
        all.put(ColdStartStep.EFFECT, inDatabase("effect", worker));
        return all;
    }

    private static Instant jvmStart(String worker) throws IOException {
        var pod = system.workerPods().stream()
                .filter(one -> worker.equals(one.getMetadata().getAnnotations().get(Api.WORKER_ANNOTATION)))
                .findFirst()
                .orElseThrow();
        var line = JVM_LINE.matcher(system.client().pods().resource(pod).getLog());
        if (!line.find()) {
            throw new IOException("the JVM does not say when it started");
        }
        return Instant.ofEpochMilli(Long.parseLong(line.group(1)) - Long.parseLong(line.group(2)));
    }

    private static Instant inDatabase(String column, String worker) throws SQLException {
        return Instant.ofEpochMilli(Long.parseLong(system.superuserLook(
                        "SELECT round(extract(epoch FROM " + column
                                + ") * 1000) FROM public.cold_start WHERE worker = ?",
                        worker)
                .getFirst()));
    }

    private static void report(int knownNames, List<Map<ColdStartStep, Instant>> starts) throws IOException {
        var table = new Measurement(
                "cold-start-" + knownNames,
                "%d cold starts beside %d known names, in ms".formatted(starts.size(), knownNames));
        table.head("from", "to", "p50", "p95");
        var steps = ColdStartStep.values();
        for (int i = 1; i < steps.length; i++) {
            part(table, steps[i - 1], steps[i], starts);
        }
        part(table, ColdStartStep.JVM_STARTED, ColdStartStep.EFFECT, starts);
        part(table, ColdStartStep.COMMIT, ColdStartStep.EFFECT, starts);
        table.write();
    }

    private static void part(
            Measurement table, ColdStartStep from, ColdStartStep to, List<Map<ColdStartStep, Instant>> starts) {
        var millis = starts.stream()
                .map(marks -> (double)
                        Duration.between(marks.get(from), marks.get(to)).toMillis())
                .toList();
        table.row(from.words, to.words, Measurement.percentile(millis, 50), Measurement.percentile(millis, 95));
    }
}
