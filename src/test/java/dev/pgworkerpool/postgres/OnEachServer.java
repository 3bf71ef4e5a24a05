package dev.pgworkerpool.postgres;

import java.sql.SQLException;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A class of tests that runs on each of the {@link PostgresServers}, with one database for all its tests: they keep apart by
 * the names of their workers.
 */
@ParameterizedClass(autoCloseArguments = false)
@MethodSource("dev.pgworkerpool.postgres.PostgresServers#all")
@SuppressWarnings("NullAway.Init")
public abstract class OnEachServer {
    protected static QueueDatabase database;

    @Parameter
    protected PostgresServer server;

    @BeforeParameterizedClassInvocation
    static void createDatabase(PostgresServer server) throws SQLException {
        database = QueueDatabase.on(server);
    }

    @AfterParameterizedClassInvocation
    static void dropDatabase() throws SQLException {
        database.close();
    }
}
