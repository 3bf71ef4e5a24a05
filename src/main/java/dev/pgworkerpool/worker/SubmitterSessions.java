package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.util.LinkedHashMap;

/** The open sessions of this pod, at most {@value #AT_MOST}: a pool may have a hundred logins, a server few connections. */
final class SubmitterSessions implements AutoCloseable {
    private static final int AT_MOST = 4;

    private final Connections connections;
    private final String worker;
    private final LinkedHashMap<String, SubmitterSession> byLogin = new LinkedHashMap<>(AT_MOST, 0.75f, true);

    SubmitterSessions(Connections connections, String worker) {
        this.connections = connections;
        this.worker = worker;
    }

    /** The session of this login, which acts as this submitter. */
    SubmitterSession of(String login, String submitter) throws WorkerEnds, SQLException {
        var session = byLogin.get(login);
        if (session == null) {
            session = open(login, submitter);
            if (byLogin.size() == AT_MOST) {
                byLogin.pollFirstEntry().getValue().close();
            }
            byLogin.put(login, session);
        }
        return session;
    }

    private SubmitterSession open(String login, String submitter) throws WorkerEnds, SQLException {
        var session = new SubmitterSession(connections.as(login), worker);
        var actsAs = session.currentUser();
        if (!actsAs.equals(submitter)) {
            session.close();
            throw new WorkerEnds(
                    Outcome.CREDENTIALS,
                    "the login \"%s\" acts as \"%s\", not as \"%s\": ALTER ROLE \"%s\" SET role = '%s'"
                            .formatted(login, actsAs, submitter, login, submitter));
        }
        return session;
    }

    @Override
    public void close() throws SQLException {
        for (var session : byLogin.values()) {
            session.close();
        }
    }
}
