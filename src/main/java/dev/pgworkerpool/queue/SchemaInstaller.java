package dev.pgworkerpool.queue;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;

/**
 * Brings schema {@code worker_pool} up to date: the numbered files that were not applied yet, in one transaction, under the lock of a
 * table that nobody else has a right on. Two operators that start at once do it once; a failure leaves what was there before.
 *
 * <p>A schema that is newer than this operator is left as it is: later versions keep the calls of earlier ones.
 */
public final class SchemaInstaller {
    /** In order; the number at the beginning is the version. */
    static final List<String> FILES = List.of(
            "001_tables",
            "002_keys",
            "003_submit",
            "004_drain",
            "005_control",
            "006_worker",
            "007_views",
            "008_operator",
            "009_grants");

    private static final String BOOTSTRAP = "bootstrap";

    private SchemaInstaller() {}

    /** @throws DatabaseProblem kind SCHEMA_NOT_INSTALLED when a privilege is missing or a file fails */
    static void install(DataSource database) {
        try (Connection connection = database.getConnection()) {
            install(connection);
        } catch (SQLException e) {
            throw DatabaseProblem.ofInstallation(e);
        }
    }

    /** As the role that will own the schema: the operator's login. */
    public static void install(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            apply(statement);
            connection.commit();
        } catch (SQLException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private static void apply(Statement statement) throws SQLException {
        statement.execute(sql(BOOTSTRAP));
        statement.execute("LOCK TABLE worker_pool.schema_version IN EXCLUSIVE MODE");
        int installed = installedVersion(statement);
        for (String file : FILES) {
            if (version(file) > installed) {
                statement.execute(sql(file));
                statement.execute("INSERT INTO worker_pool.schema_version (version) VALUES (" + version(file) + ")");
            }
        }
    }

    private static int installedVersion(Statement statement) throws SQLException {
        try (ResultSet row =
                statement.executeQuery("SELECT coalesce(max(version), 0) FROM worker_pool.schema_version")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static int version(String file) {
        return Integer.parseInt(file.substring(0, 3));
    }

    private static String sql(String file) {
        try (InputStream in = SchemaInstaller.class.getResourceAsStream("sql/" + file + ".sql")) {
            if (in == null) {
                throw new IllegalStateException("this build lacks " + file + ".sql");
            }
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
