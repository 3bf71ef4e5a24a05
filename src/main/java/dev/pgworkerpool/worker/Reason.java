package dev.pgworkerpool.worker;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What is worth telling of an error, in one line. */
final class Reason {
    private static final int LONGEST = 300;

    private Reason() {}

    /** The server's message without its context, or the driver's own. */
    static String of(SQLException error) {
        var message = serverMessage(error);
        return line(
                message == null
                        ? String.valueOf(error.getMessage())
                        : message.getSeverity() + ": " + message.getMessage());
    }

    /** Of an attempt whose session this error has ended. */
    static String sessionLost(SQLException error) {
        return "session lost: " + of(error) + (error.getSQLState() == null ? "" : " (" + error.getSQLState() + ")");
    }

    private static String line(String text) {
        var line = text.lines().findFirst().orElse("");
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
    }

    /** What a job's error is made of. */
    record Parts(
            @Nullable String message,
            @Nullable String detail,
            @Nullable String hint,
            @Nullable String state) {}

    static Parts parts(SQLException error) {
        var message = serverMessage(error);
        return message == null
                ? new Parts(error.getMessage(), null, null, error.getSQLState())
                : new Parts(message.getMessage(), message.getDetail(), message.getHint(), error.getSQLState());
    }

    /** Null: the driver's error, not the server's. */
    static @Nullable ServerErrorMessage serverMessage(SQLException error) {
        return error instanceof PSQLException e ? e.getServerErrorMessage() : null;
    }
}
