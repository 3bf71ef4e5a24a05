package dev.pgworkerpool.system;

import dev.pgworkerpool.api.WorkerJob;
import dev.pgworkerpool.api.WorkerPool;
import dev.pgworkerpool.postgres.QueueDatabase;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Keeps all there is to see of the scene at the moment in which a test fails, in {@code target/e2e/<class>.<test>/}: objects,
 * logs, events and the state of the queue. JUnit finds it by itself.
 */
public final class Diagnostics implements TestExecutionExceptionHandler, LifecycleMethodExecutionExceptionHandler {
    private static final Path FOLDER = Path.of("target", "e2e");
    private static final List<String> QUERIES = List.of(
            "SELECT * FROM worker_pool.queue ORDER BY worker_name, position LIMIT 200",
            "SELECT * FROM worker_pool.workers ORDER BY worker_name LIMIT 200",
            "SELECT * FROM worker_pool.worker ORDER BY worker_name LIMIT 200",
            "SELECT * FROM worker_pool.pool",
            "SELECT * FROM worker_pool.jobs ORDER BY id DESC LIMIT 200",
            "SELECT pid, usename, application_name, state, wait_event, xact_start, query FROM pg_stat_activity"
                    + " WHERE datname = current_database()");

    private static final Set<Scene> WATCHED = ConcurrentHashMap.newKeySet();

    static void watch(Scene scene) {
        WATCHED.add(scene);
    }

    static void forget(Scene scene) {
        WATCHED.remove(scene);
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        keep(context);
        throw failure;
    }

    @Override
    public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        keep(context);
        throw failure;
    }

    @Override
    public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        keep(context);
        throw failure;
    }

    @Override
    public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        keep(context);
        throw failure;
    }

    private static void keep(ExtensionContext context) {
        var name = context.getRequiredTestClass().getSimpleName()
                + context.getTestMethod().map(method -> "." + method.getName()).orElse("");
        for (var scene : WATCHED) {
            try {
                // Other classes may run beside the one that fails.
                var folder = Files.createDirectories(FOLDER.resolve(name).resolve(scene.namespace()));
                keepObjects(scene, folder);
                if (scene instanceof Surroundings surroundings) {
                    keepQueues(surroundings, folder.resolve("queue.txt"));
                }
                scene.keepLogs(folder);
            } catch (IOException | SQLException | RuntimeException e) {
                // The failure of the test is the one to be told.
                System.err.println("not all could be kept of " + name + ": " + e);
            }
        }
    }

    /** Secrets are left out. */
    private static void keepObjects(Scene scene, Path folder) throws IOException {
        var client = scene.client();
        var namespace = scene.namespace();
        List<HasMetadata> objects = new ArrayList<>();
        objects.addAll(
                client.resources(WorkerPool.class).inNamespace(namespace).list().getItems());
        objects.addAll(
                client.resources(WorkerJob.class).inNamespace(namespace).list().getItems());
        objects.addAll(client.batch().v1().jobs().inNamespace(namespace).list().getItems());
        objects.addAll(client.pods().inNamespace(namespace).list().getItems());
        objects.addAll(client.leases().inNamespace(namespace).list().getItems());
        objects.addAll(
                client.events().v1().events().inNamespace(namespace).list().getItems());
        Files.writeString(folder.resolve("objects.yaml"), Serialization.asYaml(objects));
    }

    private static void keepQueues(Surroundings surroundings, Path file) throws IOException, SQLException {
        try (var out = new PrintWriter(Files.newBufferedWriter(file));
                var server = surroundings.postgres().superuser("postgres")) {
            for (var name : QueueDatabase.ask(server, "SELECT datname FROM pg_database WHERE datname LIKE 'queue_%'")) {
                try (var database = surroundings.postgres().superuser(name)) {
                    for (var query : QUERIES) {
                        out.printf("%n== %s: %s%n", name, query);
                        print(database, query, out);
                    }
                }
            }
        }
    }

    private static void print(Connection database, String query, PrintWriter out) throws SQLException {
        try (var statement = database.createStatement();
                var rows = statement.executeQuery(query)) {
            var columns = rows.getMetaData();
            while (rows.next()) {
                for (int i = 1; i <= columns.getColumnCount(); i++) {
                    out.printf("%s=%s ", columns.getColumnLabel(i), rows.getString(i));
                }
                out.println();
            }
        }
    }
}
