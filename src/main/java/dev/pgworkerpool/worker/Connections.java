package dev.pgworkerpool.worker;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** Makes the connections of a worker pod. */
final class Connections {
    /**
     * Settings that outrank those of the role, and that RESET ALL returns to. The server ends a session whose client has
     * gone, also in the middle of a statement: seconds after the pod's end (check interval) or the loss of the network
     * (keepalives; the user timeout where data is on its way), the job is rolled back and its name is free. A session's time
     * is not limited by what suits the role's interactive ones.
     */
    private static final String CONTROL_OPTIONS = String.join(
            " ",
            "-c client_connection_check_interval=2s",
            "-c tcp_keepalives_idle=10",
            "-c tcp_keepalives_interval=5",
            "-c tcp_keepalives_count=3",
            "-c tcp_user_timeout=25s",
            "-c statement_timeout=0",
            "-c idle_session_timeout=0",
            "-c default_transaction_isolation=read\\ committed");

    /**
     * Besides those: each of its statements asks for a few rows by their keys, and may have been planned while the queue was so short
     * that to read all of it was cheap.
     */
    private static final String BY_INDEX = " -c enable_seqscan=off -c jit=off";

    /** Besides those: nobody reads the notices of a job, and the driver would keep all of them until it ends. */
    private static final String SUBMITTER_OPTIONS =
            String.join(" ", CONTROL_OPTIONS, "-c client_min_messages=error", "-c default_transaction_read_only=off");

    /**
     * None of the control session's statements may take so long. Keepalives do not tell of a dead peer while a request is on
     * its way to it: that takes TCP a quarter of an hour. Half a minute is more than any wait for a lock in there.
     */
    private static final String CONTROL_SECONDS = "30";

    /** The first version that has the setting; an older one refuses a connection that names it. */
    private static final int TRANSACTION_TIMEOUT_SINCE = 17;

    private final WorkerSettings settings;
    private final Credentials credentials;
    private volatile int serverVersion;

    Connections(WorkerSettings settings) {
        this.settings = settings;
        this.credentials = new Credentials(settings.credentials());
    }

    /** Comes first: its session tells the version of the server. */
    Connection asOperator() throws WorkerEnds, SQLException {
        var connection = connect(credentials.operator(), CONTROL_OPTIONS + BY_INDEX, "20", CONTROL_SECONDS);
        serverVersion = connection.getMetaData().getDatabaseMajorVersion();
        return connection;
    }

    Connection as(String login) throws WorkerEnds {
        return as(login, "20", "0");
    }

    /** Another one, for short calls while that one is at work, by somebody who has other things to watch as well. */
    Connection beside(String login) throws WorkerEnds {
        return as(login, "3", "5");
    }

    private Connection as(String login, String loginSeconds, String answerSeconds) throws WorkerEnds {
        var options =
                SUBMITTER_OPTIONS + (serverVersion >= TRANSACTION_TIMEOUT_SINCE ? " -c transaction_timeout=0" : "");
        return connect(credentials.login(login), options, loginSeconds, answerSeconds);
    }

    private Connection connect(Credentials.Login login, String options, String loginSeconds, String answerSeconds)
            throws WorkerEnds {
        var properties = new Properties();
        properties.setProperty("user", login.username());
        properties.setProperty("password", login.password());
        properties.setProperty("ApplicationName", "worker_pool " + settings.pod());
        properties.setProperty("options", options);
        properties.setProperty("sslmode", settings.sslMode());
        if (settings.certificateAuthority() != null) {
            properties.setProperty(
                    "sslrootcert", settings.certificateAuthority().toString());
        } else if (settings.sslMode().startsWith("verify-")) {
            properties.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
        }
        properties.setProperty("connectTimeout", "10");
        properties.setProperty("loginTimeout", loginSeconds);
        properties.setProperty("socketTimeout", answerSeconds);
        properties.setProperty("socketFactory", KeepAliveSocketFactory.class.getName());
        properties.setProperty("tcpKeepAlive", "true"); // or the driver would switch it off again
        // Jobs may DEALLOCATE ALL, and the hygiene after each job does: nothing may be kept in the server.
        properties.setProperty("prepareThreshold", "0");
        // An autocommit job goes as it is, and runs to its end: with a limit on its rows, it would stop behind the
        // first.
        properties.setProperty("preferQueryMode", "extendedForPrepared");
        try {
            return DriverManager.getConnection(
                    "jdbc:postgresql://%s:%d/%s"
                            .formatted(
                                    settings.host(),
                                    settings.port(),
                                    java.net.URLEncoder.encode(
                                            settings.database(), java.nio.charset.StandardCharsets.UTF_8)),
                    properties);
        } catch (SQLException e) {
            var state = e.getSQLState();
            if (state != null && state.startsWith("28")) {
                throw new WorkerEnds(
                        Outcome.CREDENTIALS, "the login \"" + login + "\" was rejected: " + Reason.of(e), e);
            }
            throw new WorkerEnds(Outcome.DATABASE_GONE, "no connection as \"" + login + "\": " + Reason.of(e), e);
        }
    }
}
