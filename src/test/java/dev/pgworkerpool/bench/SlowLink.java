package dev.pgworkerpool.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The way to a server that stands in another building: whatever is sent arrives later, in both directions. */
final class SlowLink implements Link {
    private final Address server;
    private final PreciseWait wait = PreciseWait.calibrate();
    private final ServerSocket entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<String> remarks = new ArrayList<>();
    private volatile long delayNanos;

    private SlowLink(Address server) throws IOException {
        this.server = server;
        Thread.ofPlatform().daemon().name("link").start(this::accept);
    }

    /** How often the delay is corrected. */
    private static final int CORRECTIONS = 3;

    /** To this database, with a round trip that takes so long in all: part of it is the way through this process. */
    static SlowLink to(BenchDatabase database, double roundTripMillis) throws IOException, SQLException {
        var link = new SlowLink(database.address());
        try (var near = database.as(BenchDatabase.ALICE);
                var far = database.as(BenchDatabase.ALICE, link.address())) {
            for (int i = 0; i < CORRECTIONS; i++) {
                double missing = roundTripMillis - RoundTrip.millis(far);
                link.delayNanos = Math.max(0, link.delayNanos + Math.round(missing * 1e6 / 2));
            }
            link.remarks.add("A round trip takes %s ms over the link, and %s ms without it."
                    .formatted(Numbers.text(RoundTrip.millis(far)), Numbers.text(RoundTrip.millis(near))));
        }
        return link;
    }

    @Override
    public Address address() {
        return new Address(entrance.getInetAddress().getHostAddress(), entrance.getLocalPort());
    }

    @Override
    public List<String> remarks() {
        return remarks;
    }

    @Override
    public void close() throws IOException {
        entrance.close();
        for (var socket : sockets) {
            socket.close();
        }
    }

    private void accept() {
        try {
            while (true) {
                var client = entrance.accept();
                var there = new Socket(server.host(), server.port());
                pump(client, there);
                pump(there, client);
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void pump(Socket from, Socket to) throws IOException {
        sockets.add(from);
        from.setTcpNoDelay(true);
        Thread.ofPlatform().daemon().name("link").start(() -> {
            try (from;
                    to) {
                pump(from.getInputStream(), to.getOutputStream());
            } catch (IOException e) {
                // One side has gone, so the other goes.
            }
        });
    }

    private void pump(InputStream in, OutputStream out) throws IOException {
        var buffer = new byte[65_536];
        for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
            wait.until(System.nanoTime() + delayNanos);
            out.write(buffer, 0, length);
        }
    }
}
