package dev.pgworkerpool.system;

import dev.pgworkerpool.postgres.PostgresServer;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What the product runs on: a Kubernetes API with nodes that run pods, an operator for one namespace, and PostgreSQL servers
 * that its pods reach. All of it in this process and its children, or, with the system property {@code surroundings=cluster},
 * the cluster of the current kube context.
 */
public interface Surroundings extends Scene, AutoCloseable {
    /** Returns when the operator has been started. */
    static Surroundings start(Path dir) throws Exception {
        return "cluster".equals(System.getProperty("surroundings"))
                ? ClusterSurroundings.start()
                : EmbeddedSurroundings.start(dir);
    }

    /** The one that the operator looks after. */
    @Override
    String namespace();

    PostgresServer postgres();

    /** One more server, to be closed by the caller; {@code dir} is an empty folder. */
    PostgresServer startPostgres(Path dir) throws Exception;

    /** What worker pods run whose pool names no image. */
    String workerImage();

    void startOperator() throws IOException;

    /** {@code kill -9}; the operator is away until it is started again. */
    void killOperator() throws Exception;

    /** {@code kill -9} of what runs in this pod; does nothing when it has ended. */
    void kill(Pod pod);

    /** All that the operator wrote since it was started last. */
    String operatorLog() throws IOException;

    /** The lines of the operator's metrics page. */
    Stream<String> metrics() throws IOException;

    @Override
    void close();
}
