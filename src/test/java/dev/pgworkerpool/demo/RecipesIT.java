package dev.pgworkerpool.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.pgworkerpool.Command;
import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerJobStatus.Phase;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.demo.DemoDatabase.Login;
import dev.pgworkerpool.postgres.QueueDatabase;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.luaj.vm2.LuaTable;
import org.luaj.vm2.LuaValue;
import org.luaj.vm2.lib.jse.JsePlatform;

/** The recipes of README.md, and the fields and grants of job control that it names, do what it says of them. */
class RecipesIT {
    private static final Path DIR = Path.of("target/recipes");
    private static final Path EXAMPLES = Path.of("examples");
    private static final DemoSurroundings SURROUNDINGS = new DemoSurroundings(DIR);

    private static DemoSurroundings.Parts parts;
    private static Readme readme;
    private static Connection alice;
    private static Connection admin;

    @BeforeAll
    static void start() throws Exception {
        readme = Readme.read();
        parts = SURROUNDINGS.start();
        alice = parts.database().connect(parts.database().alice);
        admin = parts.database().connect(parts.database().admin());
    }

    @AfterAll
    static void stop() {
        SURROUNDINGS.close();
    }

    @Test
    void a_job_reindexes_tonight_and_queues_itself_for_the_next_night() throws Exception {
        QueueDatabase.execute(alice, "CREATE INDEX books_year ON books (year)");
        var before = indexFile();

        QueueDatabase.execute(alice, example("nightly-reindex.sql"));
        awaitStatuses("maintenance", "waiting", "done");
        assertThat(indexFile()).isNotEqualTo(before);
        assertThat(dueTomorrowAtThree()).isEqualTo("1");

        QueueDatabase.execute(alice, blocks("Reindex each night", "sql").getFirst());
        awaitStatuses("maintenance", "cancelled", "done");

        // What the cancelled one would have been when the night falls.
        QueueDatabase.execute(alice, "CALL worker_pool.submit('maintenance', 'CALL nightly_reindex()')");
        awaitStatuses("maintenance", "cancelled", "done", "done", "waiting", "done");
        assertThat(dueTomorrowAtThree()).isEqualTo("1");
    }

    @Test
    void a_migration_lets_the_application_go_on_until_it_gets_its_lock() throws Exception {
        assumePrograms();
        var commands = blocks("A migration before the application", "sh")
                .getFirst()
                .lines()
                .toList();
        try (var application = parts.database().connect(parts.database().alice)) {
            QueueDatabase.execute(application, "BEGIN", "SELECT FROM books LIMIT 1");
            shell(parts.database().alice, commands.getFirst());
            eventually().until(() -> reasons("migrations").contains("Retrying"));
            assertThat(
                            ask(
                                    "SELECT sqlstate FROM worker_pool.jobs WHERE worker_name = 'migrations' ORDER BY id LIMIT 1"))
                    .isEqualTo("55P03");
            assertThat(health("migration-7")).isEqualTo("Progressing");
            QueueDatabase.execute(application, "COMMIT");
        }
        shell(parts.database().alice, commands.getLast());
        assertThat(health("migration-7")).isEqualTo("Healthy");
        assertThat(ask("SELECT count(isbn) FROM books")).isEqualTo("0");
        assertThat(workerJob("migration-7").getMetadata().getAnnotations())
                .containsEntry("argocd.argoproj.io/sync-wave", "-1");
    }

    @Test
    void the_health_of_a_failed_worker_job_is_degraded_and_of_one_without_a_status_progressing() throws Exception {
        apply("broken", "worker: broken", "role: alice", "statements: [select 1/0]");
        eventually().until(() -> health("broken").equals("Degraded"));
        assertThat(health(Map.of())).isEqualTo("Progressing");
    }

    @Test
    void a_tenant_with_much_to_do_gives_its_slot_to_one_that_waits() throws Exception {
        assumePrograms();
        QueueDatabase.execute(
                alice,
                "CREATE FUNCTION monthly_report(tenant text) RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(0.4)'");
        patchPool("{\"spec\":{\"slots\":1}}");
        shell(parts.database().alice, blocks("A queue for each tenant", "sh").getFirst());
        awaitObserved();
        try {
            for (int i = 0; i < 50; i++) {
                ask("SELECT worker_pool.enqueue('tenant acme', $$SELECT monthly_report('acme')$$)");
            }
            eventually().until(() -> reasons("tenant acme").contains("Running"));
            QueueDatabase.execute(
                    alice, blocks("A queue for each tenant", "sql").getFirst());
            eventually().until(() -> reasons("tenant %").isEmpty());
        } finally {
            patchPool("{\"spec\":{\"slots\":8}}");
        }
        assertThat(ask("SELECT count(*) FROM worker_pool.jobs WHERE worker_name LIKE 'tenant %' AND status = 'done'"))
                .isEqualTo("53");
        assertThat(ask("""
                        SELECT max(finished_at) FILTER (WHERE worker_name <> 'tenant acme')
                             < max(finished_at) FILTER (WHERE worker_name = 'tenant acme')
                        FROM worker_pool.jobs WHERE worker_name LIKE 'tenant %'""")).isEqualTo("t");
    }

    @Test
    void a_long_update_shows_how_far_it_is_and_can_be_stopped_and_go_on() throws Exception {
        QueueDatabase.execute(alice, "UPDATE books SET title = title || ' '");
        var statements = List.of(
                blocks("A long update in steps", "sql").getFirst().strip().split("\n"));
        assertThat(statements).hasSize(3);
        QueueDatabase.execute(admin, "BEGIN", "SELECT FROM books WHERE id = 55000 FOR UPDATE");
        QueueDatabase.execute(alice, example("batch-update.sql"));
        var howFar = statements.get(0).replace("status, query_text", "status || ' ' || query_text");
        eventually().until(() -> ask(howFar).equals("pending CALL tidy_titles(50000)"));
        assertThat(ask(statements.get(1))).isEqualTo("t");
        eventually().until(() -> ask(howFar).equals("cancelled CALL tidy_titles(50000)"));
        QueueDatabase.execute(admin, "COMMIT");
        assertThat(ask("SELECT count(*) FROM books WHERE title LIKE '% '")).isEqualTo("50000");

        assertThat(ask(statements.get(2))).isEqualTo("t");
        eventually().until(() -> reasons("tidy titles").isEmpty());
        assertThat(ask("SELECT count(*) FROM books WHERE title LIKE '% '")).isEqualTo("0");
    }

    @Test
    void everything_stops_now_and_the_rest_goes_on_later() throws Exception {
        assumePrograms();
        ask("SELECT worker_pool.enqueue('halted', 'SELECT pg_sleep(600)')");
        ask("SELECT worker_pool.enqueue('halted', 'SELECT 1')");
        ask("SELECT worker_pool.enqueue('halted, too', 'SELECT pg_sleep(600)', autocommit => true)");
        eventually()
                .until(() ->
                        reasons("halted%").stream().filter("Running"::equals).count() == 2);

        shell(parts.database().admin(), blocks("Stop everything now", "sh").getFirst());
        awaitStatuses("halted", "cancelled", "waiting");
        awaitStatuses("halted, too", "cancelled");
        eventually().until(() -> reasons("halted").equals(List.of("PoolSuspended")));

        patchPool(inline("Stop everything now", "(\\{.*?\\})`"));
        awaitStatuses("halted", "cancelled", "done");
    }

    @Test
    void one_name_stops_now_and_no_other() throws Exception {
        assumePrograms();
        for (var name : List.of("foo", "beside foo")) {
            ask("SELECT worker_pool.enqueue('" + name + "', 'SELECT pg_sleep(600)')");
        }
        eventually().until(() -> reasons("%foo").equals(List.of("Running", "Running")));
        shell(parts.database().admin(), blocks("Stop everything now", "sh").get(1));
        awaitStatuses("foo", "cancelled");
        assertThat(reasons("beside foo")).containsExactly("Running");

        QueueDatabase.execute(admin, "CALL worker_pool.resume('foo')");
        ask("SELECT worker_pool.cancel(id) FROM worker_pool.jobs WHERE worker_name = 'beside foo'");
        awaitStatuses("beside foo", "cancelled");
    }

    @Test
    void a_queue_moves_to_another_database_with_its_options_in_its_order() throws Exception {
        assumePrograms();
        QueueDatabase.execute(
                admin, "CREATE DATABASE archive", "GRANT CREATE ON DATABASE archive TO worker_pool_operator");
        createSuspendedArchive();
        ask("SELECT worker_pool.enqueue('moved', 'SELECT pg_sleep(600)')");
        eventually().until(() -> reasons("moved").contains("Running"));
        apply("moved", "worker: moved", "role: alice", "statements: [\"select 'it''s'\\n, E'\\\\\\\\'\", select 2]");
        eventually().until(() -> reasons("moved").size() == 3);
        ask("SELECT worker_pool.enqueue('moved', 'VACUUM', autocommit => true, timeout => '2 min', max_attempts => 3,"
                + " retry_delay => '1 s', batch => 'b', on_failure => 'pause')");
        ask("SELECT worker_pool.enqueue('moved', 'SELECT 3', run_at => '2100-01-01 00:00:00Z')");
        var queued = what(alice, "WHERE status = 'waiting'");
        assertThat(queued).filteredOn(job -> job.startsWith("moved|")).hasSize(4);

        var commands = blocks("Move a queue to another database", "sh").getFirst();
        var ending = Thread.ofVirtual().start(() -> endWhatRunsOnceSuspended("moved"));
        shell(parts.database().alice, commands.replace(" waiting.sql", " " + DIR + "/waiting.sql"));
        ending.join();

        var there = parts.database().connect("archive", parts.database().alice);
        assertThat(what(there, "")).containsExactlyElementsOf(queued);
        eventually()
                .until(() -> QueueDatabase.ask(
                                there, "SELECT status FROM worker_pool.jobs WHERE worker_name = 'moved' ORDER BY id")
                        .equals(List.of("done", "done", "done", "waiting")));
        assertThat(QueueDatabase.ask(there, "SELECT origin FROM worker_pool.jobs"))
                .containsOnlyNulls();
        assertThat(ask("SELECT string_agg(DISTINCT status, ',') FROM worker_pool.jobs WHERE worker_name = 'moved'"))
                .isEqualTo("cancelled");
        patchPool("{\"spec\":{\"suspend\":false}}");
        eventually().until(() -> phase("moved") == Phase.Cancelled);
    }

    @Test
    void a_role_that_was_granted_it_pauses_a_name_and_lets_it_go_on() throws Exception {
        try (var operator = parts.database().connect(parts.database().operator)) {
            QueueDatabase.execute(operator, inline("SQL reference", "`(GRANT EXECUTE .*?)`"));
        }
        QueueDatabase.execute(alice, "CALL worker_pool.pause('held')", "CALL worker_pool.submit('held', 'SELECT 1')");
        eventually().until(() -> reasons("held").equals(List.of("Paused")));
        assertThat(ask("SELECT state FROM worker_pool.workers WHERE worker_name = 'held'"))
                .isEqualTo("Paused");
        QueueDatabase.execute(alice, "CALL worker_pool.resume('held')");
        awaitStatuses("held", "done");
    }

    @Test
    void a_worker_job_that_is_deleted_takes_the_statement_that_runs_with_it() throws Exception {
        apply("dropped", "worker: dropped", "role: alice", "statements: [select pg_sleep(600), select 1]");
        eventually().until(() -> reasons("dropped").contains("Running"));
        parts.cluster().client().resource(workerJob("dropped")).delete();
        awaitStatuses("dropped", "cancelled", "cancelled");
    }

    @Test
    void a_worker_job_has_the_options_of_a_queued_job() throws Exception {
        apply(
                "optional",
                "worker: optional",
                "role: alice",
                "statements: [vacuum books, analyze books]",
                "onFailure: Pause",
                "autocommit: true",
                "timeout: 10m",
                "maxAttempts: 3",
                "retryDelay: 10s",
                "runAt: 2026-12-01T00:00:00Z");
        eventually().until(() -> count("optional", "true") == 2);
        assertThat(QueueDatabase.ask(alice, """
                        SELECT DISTINCT concat_ws(' ', autocommit, timeout, max_attempts, retry_delay,
                            run_at = '2026-12-01 00:00:00Z', on_failure)
                        FROM worker_pool.jobs WHERE worker_name = 'optional'""")).containsExactly("t 00:10:00 3 00:00:10 t pause");
    }

    private static String example(String file) throws IOException {
        return Files.readString(EXAMPLES.resolve(file));
    }

    private static List<String> blocks(String section, String language) {
        return readme.section(section).blocks(language);
    }

    /** What stands in the text of a section, and not in a block of its own. */
    private static String inline(String section, String pattern) {
        return Pattern.compile(pattern)
                .matcher(readme.section(section).text())
                .results()
                .reduce((first, last) -> last)
                .orElseThrow()
                .group(1);
    }

    private static void assumePrograms() {
        assumeThat(ReadmeIT.onPath("psql") && ReadmeIT.onPath("kubectl"))
                .as("psql and kubectl are installed")
                .isTrue();
    }

    private static void shell(Login login, String commands) throws IOException {
        new Command(
                        List.of(
                                "sh",
                                "-ec",
                                ". " + DIR + "/env\n" + "export PGUSER='" + login.role() + "' PGPASSWORD='"
                                        + login.password() + "'\n" + commands),
                        Map.of())
                .run();
    }

    /** The first column of the first row. */
    private static String ask(String query) throws SQLException {
        return QueueDatabase.ask(alice, query).getFirst();
    }

    private static List<String> reasons(String worker) throws SQLException {
        return QueueDatabase.ask(
                alice, "SELECT reason FROM worker_pool.queue WHERE worker_name LIKE ? ORDER BY id", worker);
    }

    private static long count(String worker, String condition) throws SQLException {
        return Long.parseLong(QueueDatabase.ask(
                        alice, "SELECT count(*) FROM worker_pool.jobs WHERE worker_name = ? AND " + condition, worker)
                .getFirst());
    }

    private static void awaitStatuses(String worker, String... statuses) {
        eventually()
                .untilAsserted(() -> assertThat(QueueDatabase.ask(
                                alice, "SELECT status FROM worker_pool.jobs WHERE worker_name = ? ORDER BY id", worker))
                        .containsExactly(statuses));
    }

    private static ConditionFactory eventually() {
        return await().atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(100));
    }

    private static String indexFile() throws SQLException {
        return ask("SELECT pg_relation_filenode('books_year')");
    }

    private static String dueTomorrowAtThree() throws SQLException {
        return ask("""
                SELECT count(*) FROM worker_pool.queue JOIN worker_pool.jobs USING (id)
                WHERE reason = 'Scheduled' AND run_at = current_date + 1 + time '03:00'""");
    }

    private static List<String> what(Connection connection, String condition) throws SQLException {
        return QueueDatabase.ask(
                connection,
                "SELECT concat_ws('|', worker_name, query_text, autocommit, timeout, max_attempts, retry_delay, run_at,"
                        + " batch, on_failure) FROM worker_pool.jobs " + condition + " ORDER BY id");
    }

    private static void endWhatRunsOnceSuspended(String worker) {
        eventually()
                .until(() -> QueueDatabase.ask(admin, "SELECT suspended FROM worker_pool.pool")
                        .equals(List.of("t")));
        try {
            QueueDatabase.ask(
                    admin,
                    "SELECT worker_pool.cancel(id) FROM worker_pool.queue WHERE status = 'pending' AND worker_name = ?",
                    worker);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private static void apply(String name, String... spec) {
        parts.namespace().apply("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerJob
                metadata: {name: %s}
                spec:
                  poolRef: {name: library}
                  %s
                """.formatted(name, String.join("\n  ", spec)));
    }

    private static WorkerJob workerJob(String name) {
        return parts.cluster()
                .client()
                .resources(WorkerJob.class)
                .inNamespace(DemoNamespace.NAME)
                .withName(name)
                .require();
    }

    private static @Nullable Phase phase(String workerJob) {
        var status = workerJob(workerJob).getStatus();
        return status == null ? null : status.phase();
    }

    private static Resource<WorkerPool> pool() {
        return parts.cluster()
                .client()
                .resources(WorkerPool.class)
                .inNamespace(DemoNamespace.NAME)
                .withName(DemoPool.NAME);
    }

    private static void patchPool(String merge) {
        pool().patch(PatchContext.of(PatchType.JSON_MERGE), merge);
    }

    private static void awaitObserved() {
        eventually().until(() -> {
            var pool = pool().require();
            return pool.getStatus() != null
                    && Objects.equals(
                            pool.getStatus().observedGeneration(),
                            pool.getMetadata().getGeneration());
        });
    }

    /** Returns when its queue is there. */
    private static void createSuspendedArchive() {
        parts.namespace()
                .apply("""
                apiVersion: pgworkerpool.dev/v1alpha1
                kind: WorkerPool
                metadata: {name: archive}
                spec:
                  database: {host: %s, port: %d, name: archive, secretRef: {name: library-operator}}
                  logins: [{secretRef: {name: library-alice}}]
                  worker: {yieldAfter: 60s}
                  suspend: true
                """.formatted(parts.database().host(), parts.database().port()));
        eventually().ignoreExceptions().until(() -> {
            try (var there = parts.database().connect("archive", parts.database().alice)) {
                return QueueDatabase.ask(there, "SELECT worker_pool.has_login(current_user::regrole)")
                        .equals(List.of("t"));
            }
        });
    }

    /** What the script for Argo CD makes of this WorkerJob. */
    private static String health(String workerJob) {
        return health(Serialization.unmarshal(Serialization.asJson(workerJob(workerJob)), Map.class));
    }

    private static String health(Map<?, ?> object) {
        var lua = JsePlatform.standardGlobals();
        lua.set("obj", lua(object));
        var script = blocks("A migration before the application", "lua").getFirst();
        return lua.load(script).call().get("status").tojstring();
    }

    private static LuaValue lua(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            var table = new LuaTable();
            map.forEach((key, element) -> table.set(key.toString(), lua(element)));
            return table;
        }
        return value instanceof List<?> list
                ? LuaValue.listOf(list.stream().map(RecipesIT::lua).toArray(LuaValue[]::new))
                : LuaValue.valueOf(String.valueOf(value));
    }
}
