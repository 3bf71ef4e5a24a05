package dev.pgworkerpool.worker;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A link to a server of PostgreSQL on which each message of a client takes its time, and that can be cut. */
final class Link implements AutoCloseable {
    /** Versions of the protocol from here on are requests for encryption, which the server answers before the client goes on. */
    private static final int ENCRYPTION_REQUESTS = 80_877_103;

    private final String host;
    private final int port;
    private final Duration delay;
    private final ServerSocket entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Session> sessions = new CopyOnWriteArrayList<>();

    private record Session(String login, Socket client, Socket server) {}

    Link(String host, int port, Duration delay) throws IOException {
        this.host = host;
        this.port = port;
        this.delay = delay;
        Thread.ofVirtual().start(this::accept);
    }

    String host() {
        return entrance.getInetAddress().getHostAddress();
    }

    int port() {
        return entrance.getLocalPort();
    }

    /** This login's clients lose their sessions; the server does not hear of it. */
    void cut(String login) throws IOException {
        for (var session : sessionsOf(login)) {
            session.client.close();
        }
    }

    /** The server hears that this login's clients have gone. */
    void hangUp(String login) throws IOException {
        for (var session : sessionsOf(login)) {
            session.server.close();
        }
    }

    private List<Session> sessionsOf(String login) {
        return sessions.stream().filter(session -> session.login.equals(login)).toList();
    }

    @Override
    public void close() throws IOException {
        entrance.close();
        for (var session : sessions) {
            session.client.close();
            session.server.close();
        }
    }

    private void accept() {
        try {
            while (true) {
                var client = entrance.accept();
                var server = new Socket(host, port);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                Thread.ofVirtual().start(() -> forward(client, server));
                Thread.ofVirtual().start(() -> answer(server, client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void forward(Socket client, Socket server) {
        try {
            var in = new DataInputStream(client.getInputStream());
            var out = new DataOutputStream(server.getOutputStream());
            byte[] first;
            do {
                first = body(in);
                send(out, first);
            } while (version(first) >= ENCRYPTION_REQUESTS);
            sessions.add(new Session(login(first), client, server));
            while (true) {
                var type = in.readByte();
                var message = body(in);
                Thread.sleep(delay);
                out.writeByte(type);
                send(out, message);
            }
        } catch (IOException | InterruptedException e) {
            // One that was cut stays open on the other side.
        }
    }

    private static void answer(Socket server, Socket client) {
        try {
            server.getInputStream().transferTo(client.getOutputStream());
            client.close();
        } catch (IOException e) {
            // cut, or closed
        }
    }

    private static byte[] body(DataInputStream in) throws IOException {
        return in.readNBytes(in.readInt() - Integer.BYTES);
    }

    private static void send(DataOutputStream out, byte[] body) throws IOException {
        out.writeInt(body.length + Integer.BYTES);
        out.write(body);
        out.flush();
    }

    private static int version(byte[] body) {
        return ByteBuffer.wrap(body).getInt();
    }

    /** Of the startup message: its parameters are names and values that end with a zero. */
    private static String login(byte[] startup) {
        var words =
                new String(startup, Integer.BYTES, startup.length - Integer.BYTES, StandardCharsets.UTF_8).split("\0");
        for (int i = 0; i + 1 < words.length; i += 2) {
            if (words[i].equals("user")) {
                return words[i + 1];
            }
        }
        return "";
    }
}
