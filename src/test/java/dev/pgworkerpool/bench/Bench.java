package dev.pgworkerpool.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code make bench} and {@code make bench-quick}, started from the top folder of the project. Prints what it measures, writes
 * {@code target/bench/report.md} with a chart for each question, and {@code target/bench/ratios.json}. The exit code is not 0 when a question
 * has no answer, or when a quick run lost much of a ratio that is checked in, twice.
 */
public final class Bench {
    private static final Path FOLDER = Path.of("target", "bench");
    private static final Path LOCK = Path.of("target", "bench.lock");
    private static final String CHECKED_IN = "ratios.json";
    private static final int FAILED = 1;
    private static final int MISUSED = 2;

    private final List<Answer> answers = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    private Bench() {}

    public static void main(String[] arguments) throws Exception {
        Files.createDirectories(FOLDER);
        try (var channel = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.tryLock()) {
            if (lock == null) {
                System.err.println("Another benchmark is running in this folder: end it first.");
                System.exit(MISUSED);
            }
            System.exit(new Bench().run(BenchArguments.parse(arguments)));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(MISUSED);
        }
    }

    private int run(BenchArguments arguments) throws Exception {
        var peers = arguments.quick() ? List.<Peer>of() : Peers.ALL;
        var questions = Catalogue.questions(arguments);
        Surroundings surroundings;
        try (var server = BenchServer.start(FOLDER.resolve("postgres"), arguments.postgres())) {
            surroundings = new Surroundings(LocalDate.now(), Machine.here(), server.version(), server.settings());
            questions.forEach(question -> ask(question, server));
            if (arguments.quick()) {
                askAgainWhatWasLost(questions, server);
            }
        }
        return conclude(arguments, new Report(surroundings, answers, failures, peers));
    }

    private void ask(Question question, BenchServer server) {
        var about = question.about();
        System.out.printf("%s: %s%n", about.id(), about.title());
        try (var trial = question.open(server)) {
            var answer = new Answer(
                    about, Rounds.of(trial.contenders(), trial.roundsToWarmUp(), about.rounds()), trial.remarks());
            answers.add(answer);
            System.out.println(Report.figures(answer));
        } catch (Exception e) {
            failures.add(about.id() + ": " + e);
            System.out.println("  failed:");
            e.printStackTrace(System.out);
        }
    }

    /** It may have been the noise of a moment. */
    private void askAgainWhatWasLost(List<Question> questions, BenchServer server) throws IOException {
        var checkedIn = checkedIn();
        var lost = answers.stream()
                .filter(answer -> !checkedIn.lostBy(answer.verdicts()).isEmpty())
                .toList();
        var ids = lost.stream().map(answer -> answer.about().id()).toList();
        answers.removeAll(lost);
        questions.stream()
                .filter(question -> ids.contains(question.about().id()))
                .forEach(question -> ask(question, server));
    }

    private int conclude(BenchArguments arguments, Report report) throws IOException {
        var verdicts =
                answers.stream().flatMap(answer -> answer.verdicts().stream()).toList();
        for (var answer : answers) {
            Files.writeString(FOLDER.resolve(answer.about().id() + ".svg"), Chart.of(answer));
        }
        Files.writeString(FOLDER.resolve("report.md"), report.markdown());
        Files.writeString(FOLDER.resolve(CHECKED_IN), Ratios.of(verdicts).json());
        System.out.println(report.summary());

        var lost = arguments.quick() ? checkedIn().lostBy(verdicts) : List.<String>of();
        lost.forEach(loss -> System.out.println("much worse than before: " + loss));
        return lost.isEmpty() && failures.isEmpty() ? 0 : FAILED;
    }

    static Ratios checkedIn() throws IOException {
        try (var file = Bench.class.getResourceAsStream(CHECKED_IN)) {
            if (file == null) {
                throw new IllegalStateException(CHECKED_IN + " is not among the test resources");
            }
            return Ratios.parse(new String(file.readAllBytes(), UTF_8));
        }
    }
}
