package dev.pgworkerpool.system;

import dev.pgworkerpool.demo.OperatorProcess;
import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import dev.pgworkerpool.postgres.EmbeddedPostgres;
import dev.pgworkerpool.postgres.PostgresServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.Stream;

/** A Kubernetes API with one node in this process, the packaged operator and PostgreSQL as processes of their own. */
public final class EmbeddedSurroundings implements Surroundings {
    private final Path dir;
    private final PostgresServer postgres;
    private final boolean postgresIsOurs;
    private final List<String> operatorArguments;
    private final EmbeddedCluster cluster;
    private OperatorProcess operator;
    private int starts;

    private EmbeddedSurroundings(
            Path dir, PostgresServer postgres, boolean postgresIsOurs, NodeImage node, List<String> operatorArguments)
            throws IOException {
        this.dir = dir;
        this.postgres = postgres;
        this.postgresIsOurs = postgresIsOurs;
        this.operatorArguments = operatorArguments;
        this.cluster = EmbeddedCluster.start(dir.resolve("cluster"), node);
        cluster.applyCrds(Path.of("crds"));
        this.operator = newOperator();
    }

    static EmbeddedSurroundings start(Path dir) throws IOException {
        return start(
                dir,
                EmbeddedPostgres.start(dir.resolve("postgres")),
                true,
                NodeImage.worker(),
                OperatorProcess.PACKAGED);
    }

    /**
     * With a server that stays the caller's.
     *
     * @param operatorArguments for {@code java}
     */
    public static EmbeddedSurroundings on(
            PostgresServer postgres, Path dir, NodeImage node, List<String> operatorArguments) throws IOException {
        return start(dir, postgres, false, node, operatorArguments);
    }

    private static EmbeddedSurroundings start(
            Path dir, PostgresServer postgres, boolean postgresIsOurs, NodeImage node, List<String> operatorArguments)
            throws IOException {
        var surroundings = new EmbeddedSurroundings(dir, postgres, postgresIsOurs, node, operatorArguments);
        Diagnostics.watch(surroundings);
        return surroundings;
    }

    public EmbeddedCluster cluster() {
        return cluster;
    }

    public OperatorProcess operator() {
        return operator;
    }

    @Override
    public KubernetesClient client() {
        return cluster.client();
    }

    @Override
    public String namespace() {
        return "default";
    }

    @Override
    public PostgresServer postgres() {
        return postgres;
    }

    @Override
    public PostgresServer startPostgres(Path dir) {
        return EmbeddedPostgres.start(dir);
    }

    @Override
    public String workerImage() {
        return "pg-worker-pool-operator";
    }

    @Override
    public void startOperator() throws IOException {
        operator = newOperator();
    }

    @Override
    public void killOperator() {
        operator.handle().destroyForcibly();
        operator.handle().onExit().join();
    }

    @Override
    public void kill(Pod pod) {
        try {
            cluster.node().processOf(namespace(), pod.getMetadata().getName()).destroyForcibly();
        } catch (NoSuchElementException e) {
            // it has just ended by itself
        }
    }

    @Override
    public String operatorLog() throws IOException {
        return Files.readString(log());
    }

    @Override
    public Stream<String> metrics() throws IOException {
        try (var page = operator.url().resolve("/q/metrics").toURL().openStream()) {
            return new String(page.readAllBytes(), StandardCharsets.UTF_8).lines();
        }
    }

    @Override
    public void keepLogs(Path folder) throws IOException {
        for (int start = 1; start <= starts; start++) {
            Files.copy(log(start), folder.resolve(log(start).getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
        try (var files = Files.walk(dir.resolve("cluster").resolve("pods"))) {
            for (var file :
                    files.filter(each -> each.toString().endsWith("log")).toList()) {
                Files.copy(
                        file,
                        folder.resolve(file.getParent().getFileName() + ".log"),
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private Path log() {
        return log(starts);
    }

    private Path log(int start) {
        return dir.resolve("operator-" + start + ".log");
    }

    private OperatorProcess newOperator() throws IOException {
        starts++;
        return OperatorProcess.start(
                operatorArguments, cluster.kubeconfig(), log(), Map.of("PGWP_WORKER_IMAGE", workerImage()));
    }

    @Override
    public void close() {
        Diagnostics.forget(this);
        operator.close();
        cluster.close();
        if (postgresIsOurs) {
            postgres.close();
        }
    }
}
