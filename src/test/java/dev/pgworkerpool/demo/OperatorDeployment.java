package dev.pgworkerpool.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** The operator, started again a second after it ended, as a Deployment of one replica would. */
final class OperatorDeployment implements AutoCloseable {
    private static final Executor AFTER_A_SECOND = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS);

    private final Path kubeconfig;
    private final Path log;
    private final Path pidFile;
    private final Map<String, String> environment;
    private final int port = OperatorProcess.freePort();
    private OperatorProcess operator;
    private boolean closed;

    /**
     * Starts the operator and returns at once.
     *
     * @param log where all its starts write to
     * @param pidFile where the process id of the last start stands
     */
    OperatorDeployment(Path kubeconfig, Path log, Path pidFile, Map<String, String> environment) throws IOException {
        this.kubeconfig = kubeconfig;
        this.log = log;
        this.pidFile = pidFile;
        this.environment = environment;
        this.operator = start();
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + port);
    }

    private OperatorProcess start() throws IOException {
        var started = OperatorProcess.start(OperatorProcess.PACKAGED, kubeconfig, log, environment, port);
        started.writePid(pidFile);
        started.handle().onExit().thenRunAsync(this::startAgain, AFTER_A_SECOND);
        return started;
    }

    private synchronized void startAgain() {
        if (!closed) {
            try {
                operator = start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        operator.close();
    }
}
