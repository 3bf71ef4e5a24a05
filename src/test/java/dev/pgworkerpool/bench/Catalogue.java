package dev.pgworkerpool.bench;

import static dev.pgworkerpool.bench.DrainQuestion.INSERTS;
import static dev.pgworkerpool.bench.DrainQuestion.WORKERS;

import dev.pgworkerpool.bench.DrainQuestion.Load;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** All questions, with their aims and sizes. */
final class Catalogue {
    private static final int ROUNDS = 5;
    private static final int QUICK_ROUNDS = 3;

    /** A quick run has others that are like these, or they take their time. */
    private static final Set<String> NOT_QUICK = Set.of(
            "drain-link",
            "drain-8",
            "submit-1",
            "submit-8",
            "submit-32-asleep",
            "bulk-calls",
            "retention",
            "worker-start",
            "commit-to-job",
            "many-names",
            "workerjobs",
            "operator");

    private final int rounds;
    /** What full sizes are divided by. */
    private final int part;

    private final int history;
    private final List<Peer> peers;

    private Catalogue(BenchArguments arguments) {
        this.rounds = Objects.requireNonNullElse(arguments.rounds(), arguments.quick() ? QUICK_ROUNDS : ROUNDS);
        this.part = arguments.quick() ? 5 : 1;
        this.history = Objects.requireNonNullElse(arguments.history(), arguments.quick() ? 200_000 : 10_000_000);
        this.peers = arguments.quick()
                ? List.of()
                : Peers.ALL.stream().filter(Peer::isInstalled).toList();
    }

    /** Those that are asked for, in the order of the table. */
    static List<Question> questions(BenchArguments arguments) {
        var all = new Catalogue(arguments).all();
        var ids = all.stream().map(question -> question.about().id()).toList();
        arguments.questions().stream()
                .filter(id -> !ids.contains(id))
                .findFirst()
                .ifPresent(id -> {
                    throw new IllegalArgumentException("there is no question %s, but: %s".formatted(id, ids));
                });
        return all.stream()
                .filter(question -> isAsked(question.about().id(), arguments))
                .toList();
    }

    private static boolean isAsked(String id, BenchArguments arguments) {
        return arguments.questions().isEmpty()
                ? !(arguments.quick() && NOT_QUICK.contains(id))
                : arguments.questions().contains(id);
    }

    private List<Question> all() {
        return Stream.concat(drains(), others()).toList();
    }

    private Stream<Question> drains() {
        return Stream.of(
                new DrainQuestion(
                        about(
                                "drain-durable",
                                "Drain, one name, durable",
                                "Jobs a second of one worker, against single-row INSERTs of one connection, each with its commit.",
                                Aim.atLeast(0.75, WORKERS, INSERTS),
                                Aim.atLeastOfBestPeer(2.5, WORKERS)),
                        new Load(Durability.DURABLE, 1, 8000 / part, 0),
                        peers),
                new DrainQuestion(
                        about(
                                "drain-async",
                                "Drain, one name, synchronous_commit = off",
                                "The same where no commit waits for the disk.",
                                Aim.atLeast(0.85, WORKERS, INSERTS)),
                        new Load(Durability.ASYNC, 1, 16_000 / part, 0),
                        List.of()),
                new DrainQuestion(
                        about(
                                "drain-link",
                                "Drain over a link with a round trip of 0.6 ms",
                                "The same over a link, for the worker as for the INSERTs. No commit waits for the disk.",
                                Aim.atLeast(6, WORKERS, INSERTS)),
                        new Load(Durability.ASYNC, 1, 8000 / part, 0.6),
                        List.of()),
                new DrainQuestion(
                        about(
                                "drain-8",
                                "Drain, 8 names at once, durable",
                                "Jobs a second of 8 workers, against 8 connections that insert.",
                                Aim.atLeast(0.7, WORKERS, INSERTS)),
                        new Load(Durability.DURABLE, 8, 2000 / part, 0),
                        List.of()));
    }

    private Stream<Question> others() {
        return Stream.of(
                new HistoryQuestion(rounds, history, history / 100, 8000 / part),
                new HeldSnapshotQuestion(rounds, 20_000 / part),
                new SubmitQuestion(rounds, 1, 6000 / part),
                new SubmitQuestion(rounds, 8, 24_000 / part),
                new SubmitQuestion(rounds, 32, 32_000 / part),
                new AsleepSubmitQuestion(rounds, 32, 16_000 / part),
                new BulkQuestion(rounds, BulkQuestion.Kind.CALLS, 100_000 / part),
                new BulkQuestion(rounds, BulkQuestion.Kind.SELECT, 100_000 / part),
                new WakeUpQuestion(rounds, 400 / part),
                new RetentionQuestion(rounds, 500_000 / part, 10_000 / part),
                new WorkerStartQuestion(rounds, 10),
                new CommitToJobQuestion(rounds, 40, 1000),
                new ManyNamesQuestion(1000 / part, 20),
                new WorkerJobsQuestion(10_000 / part, 100),
                new OperatorQuestion(100, 1000));
    }

    private About about(String id, String title, String measured, Aim... aims) {
        return new About(id, title, measured, rounds, List.of(aims));
    }
}
