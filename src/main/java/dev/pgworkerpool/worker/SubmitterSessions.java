package dev.pgworkerpool.worker;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** The open sessions of this pod, at most {@value #AT_MOST}: a pool may have a hundred logins, a server few connections. */
final class SubmitterSessions implements AutoCloseable {
    private static final int AT_MOST = 4;

    private final Connections connections;
    private final String worker;
    private final LinkedHashMap<Key, SubmitterSession> sessions = new LinkedHashMap<>(AT_MOST, 0.75f, true);

    /** A login may be given to another role while the pod runs. */
    private record Key(String login, String submitter) {}

    SubmitterSessions(Connections connections, String worker) {
        this.connections = connections;
        this.worker = worker;
    }

    /** The session of this login, which acts as this submitter. */
    SubmitterSession of(String login, String submitter) throws WorkerEnds, SQLException {
        var key = new Key(login, submitter);
        var session = unlessLost(sessions.get(key));
        if (session == null) {
            session = open(login, submitter);
            if (sessions.size() == AT_MOST) {
                sessions.pollFirstEntry().getValue().close();
            }
            sessions.put(key, session);
        }
        return session;
    }

    /** The session that was asked for last; null: it is not open. */
    @Nullable
    SubmitterSession last() throws SQLException {
        var entry = sessions.lastEntry();
        return entry == null ? null : unlessLost(entry.getValue());
    }

    private @Nullable SubmitterSession unlessLost(@Nullable SubmitterSession session) throws SQLException {
        if (session == null || !session.isLostWhenIdle()) {
            return session;
        }
        drop(session);
        return null;
    }

    /** A session of its own, for the caller to close. */
    SubmitterSession open(String login, String submitter) throws WorkerEnds, SQLException {
        var session = new SubmitterSession(connections.as(login), worker, login);
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

    /** Another session of a login of which one is open, to see what that one does and to end it. */
    SubmitterSession beside(SubmitterSession session) throws WorkerEnds, SQLException {
        var second = new SubmitterSession(connections.beside(session.login()), worker, session.login());
        second.actAsLogin();
        return second;
    }

    /** It was ended. */
    void drop(SubmitterSession session) throws SQLException {
        sessions.values().remove(session);
        session.close();
    }

    @Override
    public void close() throws SQLException {
        for (var session : sessions.values()) {
            session.close();
        }
    }
}
