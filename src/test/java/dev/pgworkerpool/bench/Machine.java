package dev.pgworkerpool.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** What figures were measured on. */
record Machine(String processor, int cores, int memoryGiB, String kernel) {
    private static final Pattern PROCESSOR = Pattern.compile("^model name\\s*: (.*)$", Pattern.MULTILINE);
    private static final Pattern MEMORY = Pattern.compile("^MemTotal:\\s*(\\d+) kB$", Pattern.MULTILINE);
    private static final double KIB_IN_GIB = 1024.0 * 1024.0;

    static Machine here() throws IOException {
        return of(
                Files.readString(Path.of("/proc/cpuinfo")),
                Files.readString(Path.of("/proc/meminfo")),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.version"));
    }

    /** From the texts of these files of Linux. */
    static Machine of(String cpuinfo, String meminfo, int cores, String kernel) {
        return new Machine(
                first(PROCESSOR, cpuinfo, "unknown processor"),
                cores,
                (int) Math.round(Long.parseLong(first(MEMORY, meminfo, "0")) / KIB_IN_GIB),
                kernel);
    }

    private static String first(Pattern pattern, String text, String otherwise) {
        var found = pattern.matcher(text);
        return found.find() ? found.group(1).strip() : otherwise;
    }

    @Override
    public String toString() {
        return "%s, %d cores, %d GiB, %s".formatted(processor, cores, memoryGiB, kernel);
    }
}
