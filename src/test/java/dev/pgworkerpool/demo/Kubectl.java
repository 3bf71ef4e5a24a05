package dev.pgworkerpool.demo;

import dev.pgworkerpool.Command;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The real kubectl of this machine, talking to the API of a kubeconfig. */
public final class Kubectl {
    private final Path program;
    private final Path kubeconfig;

    private Kubectl(Path program, Path kubeconfig) {
        this.program = program;
        this.kubeconfig = kubeconfig;
    }

    /** Empty when none is on the PATH. */
    public static Optional<Kubectl> find(Path kubeconfig) {
        var path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.of(path.split(Pattern.quote(File.pathSeparator), -1))
                .filter(dir -> !dir.isEmpty())
                .map(dir -> Path.of(dir, "kubectl"))
                .filter(Files::isExecutable)
                .findFirst()
                .map(program -> new Kubectl(program, kubeconfig));
    }

    /** What it printed, errors included; fails when kubectl fails. */
    public List<String> run(String... arguments) throws IOException {
        var command = new ArrayList<String>();
        command.add(program.toString());
        command.addAll(List.of(arguments));
        return new Command(
                        command,
                        Map.of("KUBECONFIG", kubeconfig.toAbsolutePath().toString()))
                .run()
                .lines()
                .toList();
    }
}
