package dev.pgworkerpool.demo;

import java.io.PrintStream;
import java.sql.Connection;
import java.sql.SQLException;

/** A session of the ordinary role alice that shows what it does, the way psql does. */
record AliceSession(Connection connection, PrintStream out) implements AutoCloseable {

    static AliceSession open(DemoDatabase database, PrintStream out) throws SQLException {
        return new AliceSession(database.connect(database.alice), out);
    }

    /** Shows a statement and runs it. */
    void run(String sql) throws SQLException {
        out.println("    library=> " + sql + ";");
        execute(sql);
    }

    /** Shows a query and its result. */
    void show(String query) throws SQLException {
        out.println("    library=> " + query.replaceAll("\\s+", " ") + ";");
        try (var statement = connection.createStatement();
                var result = statement.executeQuery(query)) {
            TextTable.of(result).lines().forEach(line -> out.println("    " + line));
        }
    }

    /** Asks a question that has one row with one boolean, and shows nothing. */
    boolean holds(String query) throws SQLException {
        try (var statement = connection.createStatement();
                var result = statement.executeQuery(query)) {
            return result.next() && result.getBoolean(1);
        }
    }

    private void execute(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
