package dev.pgworkerpool.queue;

import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The database did not do what it was asked. The message is PostgreSQL's or the driver's and holds no password. */
public final class DatabaseProblem extends RuntimeException {
    /** SQLSTATE read_only_sql_transaction: after a failover, a session of the old primary's. */
    static final String READ_ONLY = "25006";

    private static final Set<String> NOTHING_INSTALLED = Set.of("3F000", "42883", "42P01", "42703");

    /** What sort of problem, by SQLSTATE (PostgreSQL manual, appendix A). */
    public enum Kind {
        /** It can't be reached, is starting or stopping, has no connection left, or is a standby. */
        UNAVAILABLE,
        /** It knows no such user, or the password is wrong, or pg_hba.conf refuses. */
        CREDENTIALS_REJECTED,
        /** Schema {@code worker_pool} is not there, or not as it should be. */
        SCHEMA_NOT_INSTALLED,
        /** A privilege is missing; of {@code enqueue_workerjob}: the role has no login in the pool. */
        NOT_ALLOWED,
        /** A value is out of its range. */
        INVALID,
        /** Anything else. */
        FAILED
    }

    private final Kind kind;

    private DatabaseProblem(Kind kind, SQLException cause) {
        super(message(cause), cause);
        this.kind = kind;
    }

    static DatabaseProblem of(SQLException cause) {
        return new DatabaseProblem(kind(cause.getSQLState()), cause);
    }

    static DatabaseProblem ofInstallation(SQLException cause) {
        Kind kind = kind(cause.getSQLState());
        boolean reached = kind != Kind.UNAVAILABLE && kind != Kind.CREDENTIALS_REJECTED;
        return new DatabaseProblem(reached ? Kind.SCHEMA_NOT_INSTALLED : kind, cause);
    }

    private static Kind kind(@Nullable String sqlState) {
        if (sqlState == null || sqlState.length() != 5) {
            return Kind.UNAVAILABLE;
        }
        if (NOTHING_INSTALLED.contains(sqlState)) {
            return Kind.SCHEMA_NOT_INSTALLED;
        }
        if (sqlState.equals(READ_ONLY)) {
            return Kind.UNAVAILABLE;
        }
        if (sqlState.equals("42501")) {
            return Kind.NOT_ALLOWED;
        }
        return switch (sqlState.substring(0, 2)) {
            case "08", "53", "57", "58", "3D" -> Kind.UNAVAILABLE;
            case "28" -> Kind.CREDENTIALS_REJECTED;
            case "22" -> Kind.INVALID;
            default -> Kind.FAILED;
        };
    }

    /** The first line: PostgreSQL's message without its position and context. The driver keeps a wrong host to itself. */
    private static String message(SQLException cause) {
        String message = cause.getMessage();
        String line =
                message == null ? "no message" : message.lines().findFirst().orElse("no message");
        return cause.getCause() instanceof UnknownHostException unknown
                ? line + " Unknown host: " + unknown.getMessage()
                : line;
    }

    /** One line, without position and context. */
    public String text() {
        return String.valueOf(getMessage());
    }

    public Kind kind() {
        return kind;
    }

    /** It concerns the connection or the whole queue, so that another call would fare no better. */
    public boolean concernsAll() {
        return kind != Kind.FAILED && kind != Kind.INVALID;
    }
}
