package dev.pgworkerpool.queue;

import dev.pgworkerpool.queue.DatabaseProblem.Kind;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * LISTENs on a connection of its own, in a virtual thread, until it is closed. A connection that is lost, or that doesn't answer
 * any more, is made anew after 50 ms, doubling to 2 s; after 30 s when the login was rejected: with another password there is
 * another listener.
 */
final class QueueListener implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(QueueListener.class);

    private static final String WORK = "worker_pool";
    private static final String WORKER_JOB = "worker_pool_job";
    /** How long the connection may be silent before it is asked whether it still lives. */
    private static final int SILENCE_MILLIS = 5000;

    private static final int ANSWER_SECONDS = 2;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);
    private static final Duration REJECTED_PAUSE = Duration.ofSeconds(30);

    private final ConnectionSettings settings;
    private final @Nullable Path caFile;
    private final QueueNotifications notifications;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable Connection current;

    QueueListener(ConnectionSettings settings, @Nullable Path caFile, QueueNotifications notifications) {
        this.settings = settings;
        this.caFile = caFile;
        this.notifications = notifications;
    }

    void start() {
        Thread.ofVirtual().name("listen " + settings).start(this::run);
    }

    private void run() {
        Duration pause = FIRST_PAUSE;
        while (!closedAfter(pause)) {
            try (Connection connection = connect()) {
                current = connection;
                listen(connection);
                pause = FIRST_PAUSE;
                notifications.connected();
                hear(connection);
            } catch (SQLException | RuntimeException | Error e) {
                // The pool's own condition tells people; a line a try would only fill the log while a database is down.
                LOG.debugf("listening at %s: %s", settings, e.getMessage());
                pause = pauseAfter(e, pause);
            }
        }
    }

    private Connection connect() throws SQLException {
        Properties properties = settings.properties(caFile);
        properties.setProperty("user", settings.user());
        properties.setProperty("password", settings.password());
        Connection connection = new Driver().connect(settings.url(), properties);
        if (connection == null) {
            throw new SQLException("no URL of PostgreSQL");
        }
        return connection;
    }

    private void listen(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("LISTEN " + WORK);
            statement.execute("LISTEN " + WORKER_JOB);
        }
    }

    private void hear(Connection connection) throws SQLException {
        PGConnection session = connection.unwrap(PGConnection.class);
        while (closed.getCount() > 0) {
            PGNotification[] heard = session.getNotifications(SILENCE_MILLIS);
            for (PGNotification one : heard) {
                tell(one);
            }
            if (heard.length == 0 && !connection.isValid(ANSWER_SECONDS)) {
                throw new SQLException("the connection doesn't answer");
            }
        }
    }

    private void tell(PGNotification one) {
        if (one.getName().equals(WORK)) {
            notifications.workFor(one.getParameter());
        } else {
            notifications.workerJobChanged(one.getParameter());
        }
    }

    private boolean closedAfter(Duration pause) {
        try {
            return closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    static Duration pauseAfter(Throwable failure, Duration before) {
        if (failure instanceof SQLException e && DatabaseProblem.of(e).kind() == Kind.CREDENTIALS_REJECTED) {
            return REJECTED_PAUSE;
        }
        Duration doubled = before.multipliedBy(2);
        return doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    }

    /** Ends the thread. Returns at once. */
    @Override
    public void close() {
        closed.countDown();
        Connection connection = current;
        if (connection != null) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException e) {
                LOG.debugf("closing the listener at %s: %s", settings, e.getMessage());
            }
        }
    }
}
