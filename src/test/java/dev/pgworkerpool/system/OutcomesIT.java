package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.effect;
import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.postgres.QueueDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What becomes of a job when something happens to it while it runs: each kind of job, and each thing that may happen. Behind each
 * of them stands another job of its name, which runs in any case.
 *
 * <p>All kinds meet a happening together, each under a name of its own. Each has written its effect already, and waits at a gate that
 * is opened when what happened is over.
 */
class OutcomesIT {
    /**
     * One row a {@link Kind} of job, one column a {@link Happening}, in the words of {@link Outcome}.
     *
     * <ul>
     *   <li>What was interrupted from outside left no effect and runs again; a statement outside a transaction does not, as nobody
     *       knows what it did.
     *   <li>What catches its cancel is ended with its session, both when it was cancelled and when its time is over.
     *   <li>A job that ends its own session is interrupted by that, five times in a row with the one from outside, if there was one.
     *       In the column of the timeout it does so before its time is over.
     *   <li>Workers go on without an operator; only the next turn of a name needs one.
     * </ul>
     */
    private static final String TABLE = """
            job             | cancel            | timeout             | pod kill            | backend kill        | database restart    | operator kill
            normal          | cancelled         | timed out           | done again          | done again          | done again          | done
            failing         | cancelled         | timed out           | own error again     | own error again     | own error again     | own error
            sleeping        | cancelled         | timed out           | done again          | done again          | done again          | done
            catching cancel | session ended     | timed out           | done again          | done again          | done again          | done
            autocommit      | cancelled halfway | timed out halfway   | unknown             | unknown             | unknown             | both halves done
            poison          | cancelled         | interrupted 5 times | interrupted 5 times | interrupted 5 times | interrupted 5 times | interrupted 5 times
            """;

    /** What is aimed at some names only happens beside each other; a worker pod needs a slot. */
    private static final List<List<Happening>> SCENES = List.of(
            List.of(Happening.CANCEL, Happening.TIMEOUT),
            List.of(Happening.POD_KILL, Happening.BACKEND_KILL),
            List.of(Happening.DATABASE_RESTART),
            List.of(Happening.OPERATOR_KILL));

    /** For two columns, and a job of an earlier one that is held back between its interruptions. */
    private static final int SLOTS = 2 * Kind.values().length + 1;

    private static final String CANCELLED_ERROR = "canceling statement due to user request";
    private static final String TIMEOUT_ERROR = "timed out: the attempt reached the timeout of this job, 3 s";

    /** Those that run a job of this column. */
    private static final String SESSIONS = """
            SELECT a.pid, a.backend_start
            FROM pg_stat_activity a
            JOIN worker_pool.jobs j ON a.application_name = 'worker_pool job ' || j.id
            WHERE j.status = 'pending' AND j.worker_name LIKE $1 || ' %'""";

    private static RunningSystem system;

    /** The words of the table: status and SQLSTATE, attempts, effects that stayed, and how the error begins. */
    private enum Outcome {
        DONE("done", 1, 1, ""),
        DONE_AGAIN("done", 2, 1, ""),
        BOTH_HALVES_DONE("done", 1, 2, ""),
        OWN_ERROR("failed 22012", 1, 0, "division by zero"),
        OWN_ERROR_AGAIN("failed 22012", 2, 0, "division by zero"),
        CANCELLED("cancelled 57014", 1, 0, CANCELLED_ERROR),
        CANCELLED_HALFWAY("cancelled 57014", 1, 1, CANCELLED_ERROR),
        SESSION_ENDED("cancelled 57014", 1, 0, "cancelled: its session was ended"),
        TIMED_OUT("failed 57014", 1, 0, TIMEOUT_ERROR),
        TIMED_OUT_HALFWAY("failed 57014", 1, 1, TIMEOUT_ERROR),
        UNKNOWN("failed 08007", 1, 1, "interrupted: the outcome of this autocommit statement is unknown"),
        INTERRUPTED_5_TIMES("failed", 5, 0, "interrupted 5 times: ");

        private final String seen;
        private final String error;

        Outcome(String status, int attempts, int effects, String error) {
            this.seen = "%s, %d attempts, %d effects; behind it: done, 1 attempts, 1 effects, later"
                    .formatted(status, attempts, effects);
            this.error = error;
        }
    }

    private enum Kind {
        NORMAL("%1$s; SELECT pg_advisory_xact_lock_shared(%2$d)"),
        FAILING("%1$s; SELECT pg_advisory_xact_lock_shared(%2$d); SELECT 1/0"),
        SLEEPING("%1$s; DO $$ BEGIN WHILE NOT pg_try_advisory_xact_lock_shared(%2$d) LOOP PERFORM pg_sleep(1);"
                + " END LOOP; END $$"),
        CATCHING_CANCEL("%1$s; DO $$ BEGIN LOOP BEGIN EXIT WHEN pg_try_advisory_xact_lock_shared(%2$d);"
                + " PERFORM pg_sleep(0.2); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"),
        AUTOCOMMIT("DO $$ BEGIN %1$s; COMMIT; WHILE NOT pg_try_advisory_xact_lock_shared(%2$d) LOOP"
                + " PERFORM pg_sleep(0.2); END LOOP; %1$s; END $$"),
        POISON("%1$s; SELECT pg_advisory_xact_lock_shared(%2$d); SELECT pg_terminate_backend(pg_backend_pid());"
                + " SELECT pg_sleep(60)");

        private final String query;

        Kind(String query) {
            this.query = query;
        }

        boolean waitsAtGate(Happening happening) {
            return this != POISON || happening != Happening.TIMEOUT;
        }
    }

    private enum Happening {
        CANCEL(false),
        TIMEOUT(false),
        POD_KILL(false),
        BACKEND_KILL(false),
        DATABASE_RESTART(true),
        OPERATOR_KILL(true);

        private final boolean everywhere;

        /** @param everywhere to other names, too */
        Happening(boolean everywhere) {
            this.everywhere = everywhere;
        }

        int gate() {
            return 4800 + ordinal();
        }
    }

    private record Cell(Kind kind, Happening happening, Outcome outcome) {
        @Override
        public String toString() {
            return "%s, %s: %s".formatted(words(kind), words(happening), words(outcome));
        }
    }

    @BeforeAll
    static void letThemHappen(@TempDir Path dir) throws Exception {
        system = RunningSystem.start(dir);
        system.createPool(RunningSystem.POOL, SLOTS, "");
        for (var scene : SCENES) {
            if (scene.stream().anyMatch(happening -> happening.everywhere)) {
                patiently(system::nothingWaits);
            }
            play(scene);
        }
        patiently(system::nothingWaits);
    }

    @AfterAll
    static void stop() {
        system.close();
    }

    static Stream<Cell> cells() {
        var lines = TABLE.lines().map(OutcomesIT::columns).toList();
        return lines.stream()
                .skip(1)
                .flatMap(row -> Stream.iterate(1, i -> i < row.size(), i -> i + 1)
                        .map(i -> new Cell(
                                find(Kind.values(), row.getFirst()),
                                find(Happening.values(), lines.getFirst().get(i)),
                                find(Outcome.values(), row.get(i)))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cells")
    void ends_as_the_table_says(Cell cell) throws SQLException {
        var worker = worker(cell.happening(), cell.kind());
        assertThat(look("""
                        SELECT string_agg(
                            format('%s, %s attempts, %s effects',
                                concat_ws(' ', j.status, j.sqlstate),
                                j.attempts,
                                (SELECT count(*) FROM public.effect e WHERE e.worker = CASE j.place WHEN 1 THEN $1 ELSE 'behind ' || $1 END))
                            || CASE WHEN j.started_at >= j.predecessor_finished_at THEN ', later' ELSE '' END,
                            '; behind it: ' ORDER BY j.place)
                        FROM (
                            SELECT x.*, row_number() OVER by_id AS place, lag(x.finished_at) OVER by_id AS predecessor_finished_at
                            FROM worker_pool.jobs x WHERE x.worker_name = $1
                            WINDOW by_id AS (ORDER BY x.id)
                        ) j""", worker)).as("%s", cell).containsExactly(cell.outcome().seen);
        assertThat(look(
                        "SELECT coalesce(error, '') FROM worker_pool.jobs WHERE worker_name = $1 ORDER BY id LIMIT 1",
                        worker))
                .as("%s", cell)
                .first()
                .asString()
                .startsWith(cell.outcome().error);
    }

    private static void play(List<Happening> scene) throws Exception {
        var gates = new EnumMap<Happening, Connection>(Happening.class);
        try {
            for (var happening : scene) {
                gates.put(happening, closed(happening.gate()));
                submit(happening);
            }
            for (var happening : scene) {
                happen(happening);
            }
            for (var happening : scene) {
                awaitOver(happening);
                gates.get(happening).close();
            }
            if (scene.contains(Happening.OPERATOR_KILL)) {
                // The others need none; this one's name has to have its next turns.
                patiently(() -> running(Happening.OPERATOR_KILL).equals(List.of(Kind.POISON)));
                system.surroundings().startOperator();
            }
        } finally {
            for (var gate : gates.values()) {
                gate.close();
            }
        }
    }

    private static void submit(Happening happening) throws SQLException {
        try (var alice = system.database().as("alice")) {
            for (var kind : Kind.values()) {
                var worker = worker(happening, kind);
                var gate = kind.waitsAtGate(happening) ? happening.gate() : 0;
                QueueDatabase.ask(
                        alice,
                        "SELECT worker_pool.enqueue(?, ?, autocommit => ?::boolean, timeout => nullif(?, '')::interval)",
                        worker,
                        kind.query.formatted(effect(worker), gate),
                        Boolean.toString(kind == Kind.AUTOCOMMIT),
                        happening == Happening.TIMEOUT ? "3 s" : "");
                QueueDatabase.ask(alice, "SELECT worker_pool.enqueue(?, ?)", worker, effect("behind " + worker));
            }
        }
    }

    /** To all kinds of job, while they run. */
    private static void happen(Happening happening) throws Exception {
        if (happening == Happening.TIMEOUT) {
            return;
        }
        eventually()
                .alias("all run, before: " + words(happening))
                .until(() -> sessions(happening).size() == Kind.values().length
                        && system.effects(worker(happening, Kind.AUTOCOMMIT)) == 1);
        var struck = sessions(happening);
        switch (happening) {
            case CANCEL ->
                assertThat(system.database().ask("alice", """
                                SELECT worker_pool.cancel(min(id)) FROM worker_pool.jobs WHERE worker_name LIKE ? || ' %'
                                GROUP BY worker_name""", words(happening)))
                        .containsOnly("t");
            case TIMEOUT -> {}
            case POD_KILL -> {
                var pods =
                        ask("SELECT pod FROM worker_pool.workers WHERE worker_name LIKE $1 || ' %'", words(happening));
                system.workerPods().stream()
                        .filter(pod -> pods.contains(pod.getMetadata().getName()))
                        .forEach(system.surroundings()::kill);
            }
            case BACKEND_KILL -> ask("SELECT pg_terminate_backend(pid) FROM (" + SESSIONS + ") s", words(happening));
            case DATABASE_RESTART -> system.postgres().restartImmediately();
            case OPERATOR_KILL -> system.surroundings().killOperator();
        }
        if (happening != Happening.CANCEL && happening != Happening.OPERATOR_KILL) {
            // That of a killed pod goes when the server has found out.
            patiently(() -> sessions(happening).stream().noneMatch(struck::contains));
        }
    }

    /** Not before is the gate opened. */
    private static void awaitOver(Happening happening) {
        switch (happening) {
            case CANCEL, TIMEOUT ->
                patiently(() -> running(happening).stream().noneMatch(kind -> kind.waitsAtGate(happening)));
            case POD_KILL, BACKEND_KILL, DATABASE_RESTART, OPERATOR_KILL -> {}
        }
    }

    private static List<String> sessions(Happening happening) throws SQLException {
        return ask("SELECT pid || ' ' || backend_start FROM (" + SESSIONS + ") s", words(happening));
    }

    /** The kinds whose job has not ended. */
    private static List<Kind> running(Happening happening) throws SQLException {
        var waiting = ask("""
                SELECT j.worker_name FROM worker_pool.jobs j
                WHERE j.worker_name LIKE $1 || ' %' AND j.status IN ('waiting', 'pending')
                  AND j.id = (SELECT min(x.id) FROM worker_pool.jobs x WHERE x.worker_name = j.worker_name)""", words(happening));
        return Arrays.stream(Kind.values())
                .filter(kind -> waiting.contains(worker(happening, kind)))
                .toList();
    }

    /** What never comes is shown by the cells that are not as they should be. */
    private static void patiently(Callable<Boolean> condition) {
        try {
            eventually().ignoreExceptionsInstanceOf(SQLException.class).until(condition);
        } catch (ConditionTimeoutException e) {
            // see above
        }
    }

    private static Connection closed(int gate) throws SQLException {
        var connection = system.database().asSuperuser();
        QueueDatabase.execute(connection, "SELECT pg_advisory_lock(" + gate + ")");
        return connection;
    }

    /** {@code $1} stands for the parameter, wherever it is. */
    private static List<String> ask(String query, String parameter) throws SQLException {
        return system.superuserLook(with(query, parameter));
    }

    /** The same, in a session that is kept. */
    private static List<String> look(String query, String parameter) throws SQLException {
        return system.database().look(with(query, parameter));
    }

    private static String with(String query, String parameter) {
        return query.replace("$1", "'" + parameter + "'");
    }

    private static String worker(Happening happening, Kind kind) {
        return words(happening) + " " + words(kind);
    }

    private static String words(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static <E extends Enum<E>> E find(E[] values, String words) {
        return Arrays.stream(values)
                .filter(value -> words(value).equals(words))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(words));
    }

    private static List<String> columns(String line) {
        return Arrays.stream(line.split("\\|")).map(String::strip).toList();
    }
}
