package dev.pgworkerpool.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.AgroalConnectionPoolConfiguration.ConnectionValidator;
import io.agroal.api.configuration.supplier.AgroalConnectionFactoryConfigurationSupplier;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * The operator's connections to the database of one pool: a few for calls, and one that listens. Opening it connects to nothing
 * yet.
 */
public final class PoolDatabase implements AutoCloseable {
    private static final int MOST_CONNECTIONS = 3;
    /** Longer than a connection attempt may last: its own error says more than that we gave up waiting. */
    private static final Duration WAIT_FOR_CONNECTION = Duration.ofSeconds(8);

    private static final Duration CHECK_IDLE_AFTER = Duration.ofSeconds(10);
    private static final Duration LONGEST_LIFE = Duration.ofMinutes(10);
    private static final Duration CLOSE_IDLE_AFTER = Duration.ofMinutes(2);

    private final ConnectionSettings settings;
    private final @Nullable Path caFile;
    private final AgroalDataSource connections;
    private final QueueListener listener;
    private final JobQueue queue;
    private volatile boolean installed;

    private PoolDatabase(ConnectionSettings settings, QueueNotifications notifications) {
        this.settings = settings;
        this.caFile = settings.caPem() == null ? null : file(settings.caPem());
        this.connections = connections(settings, settings.properties(caFile));
        this.queue = new JobQueue(connections);
        this.listener = new QueueListener(settings, caFile, notifications);
    }

    public static PoolDatabase open(ConnectionSettings settings, QueueNotifications notifications) {
        PoolDatabase database = new PoolDatabase(settings, notifications);
        database.listener.start();
        return database;
    }

    public ConnectionSettings settings() {
        return settings;
    }

    /**
     * The calls, with the schema installed or brought up to date before the first one.
     *
     * @throws DatabaseProblem when that can't be done
     */
    public JobQueue queue() {
        if (!installed) {
            SchemaInstaller.install(connections);
            installed = true;
        }
        return queue;
    }

    /** Somebody may have dropped the schema: look again at the next call. */
    public void checkSchemaAgain() {
        installed = false;
    }

    @Override
    public void close() {
        listener.close();
        connections.close();
        if (caFile != null) {
            try {
                Files.deleteIfExists(caFile);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static AgroalDataSource connections(ConnectionSettings settings, Properties properties) {
        try {
            return AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                    .connectionPoolConfiguration(pool -> pool.initialSize(0)
                            .minSize(0)
                            .maxSize(MOST_CONNECTIONS)
                            .acquisitionTimeout(WAIT_FOR_CONNECTION)
                            .idleValidationTimeout(CHECK_IDLE_AFTER)
                            .reapTimeout(CLOSE_IDLE_AFTER)
                            .maxLifetime(LONGEST_LIFE)
                            .connectionValidator(ConnectionValidator.defaultValidatorWithTimeout(2))
                            .exceptionSorter(PoolDatabase::endsSession)
                            .connectionFactoryConfiguration(factory -> factory(factory, settings, properties))));
        } catch (SQLException e) {
            throw DatabaseProblem.of(e);
        }
    }

    /** Without this a connection whose session is gone would be lent again and again. */
    private static boolean endsSession(SQLException e) {
        String state = e.getSQLState();
        return state != null
                && (state.startsWith("08") || state.startsWith("57P") || state.equals(DatabaseProblem.READ_ONLY));
    }

    private static AgroalConnectionFactoryConfigurationSupplier factory(
            AgroalConnectionFactoryConfigurationSupplier factory, ConnectionSettings settings, Properties properties) {
        properties.stringPropertyNames().forEach(name -> factory.jdbcProperty(name, properties.getProperty(name)));
        return factory.connectionProviderClass(Driver.class)
                .jdbcUrl(settings.url())
                .principal(new NamePrincipal(settings.user()))
                .credential(new SimplePassword(settings.password()))
                .autoCommit(true);
    }

    /** pgjdbc reads certificates from files only. */
    private static Path file(String pem) {
        try {
            return Files.writeString(Files.createTempFile("ca-", ".pem"), pem, UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
