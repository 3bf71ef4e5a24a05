package dev.pgworkerpool.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The peers whose programs are below {@code src/bench/peers}, where {@code make bench-peers} has installed them. */
final class Peers {
    private static final Path FOLDER = Path.of("target", "bench-peers");

    static final List<Peer> ALL = List.of(
            node(
                    "pg-boss, atomic",
                    "pg-boss",
                    List.of("--atomic"),
                    true,
                    "Jobs are JavaScript that runs as the worker's role, and has to pass its transaction on. No order among several"
                            + " workers. Nothing starts at commit: it polls."),
            node(
                    "pg-boss",
                    "pg-boss",
                    List.of(),
                    false,
                    "A job and its completion are two transactions, here 500 jobs apart. Jobs are JavaScript that runs as the worker's"
                            + " role. No order among several workers. Nothing starts at commit: it polls."),
            node(
                    "graphile-worker",
                    "graphile-worker",
                    List.of(),
                    false,
                    "A job and its completion are two transactions, so a crash between them runs it again. Jobs are JavaScript that runs as"
                            + " the worker's role. No order, unless all are in one named queue, which is slower."),
            java(
                    "db-scheduler",
                    "DbScheduler",
                    "A job and its completion are two transactions. Jobs are Java that runs as the scheduler's role. No order. Nothing"
                            + " starts at the commit of another process: it polls."),
            java(
                    "JobRunr",
                    "JobRunrPeer",
                    "A job and its completion are two transactions. Jobs are Java that runs as the server's role. No order. Nothing"
                            + " starts at commit: it polls."));

    private Peers() {}

    private static Peer node(String name, String library, List<String> options, boolean atomic, String lacks) {
        var program = FOLDER.resolve(library + ".js").toString();
        return new Peer(
                name,
                FOLDER.resolve("node_modules").resolve(library),
                Stream.concat(Stream.of("node", program), options.stream()).toList(),
                atomic,
                lacks);
    }

    private static Peer java(String name, String mainClass, String lacks) {
        var classes = FOLDER.resolve("java").resolve("classes");
        var libraries = FOLDER.resolve("java").resolve("lib");
        return new Peer(
                name,
                classes.resolve(mainClass + ".class"),
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classes + ":" + libraries + "/*",
                        mainClass),
                false,
                lacks);
    }
}
