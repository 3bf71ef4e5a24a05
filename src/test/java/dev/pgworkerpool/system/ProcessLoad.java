package dev.pgworkerpool.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;

/**
 * What a process has used, as its kernel tells.
 *
 * @param cpu since its start
 * @param residentMiB its memory now
 */
public record ProcessLoad(Duration cpu, double residentMiB) {
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    /** The fields of {@code /proc/<pid>/stat} after the name of the command; utime and stime come 12th and 13th. */
    private static final Pattern FIELDS = Pattern.compile("\\) [A-Za-z] .*");

    private static final int MILLIS_OF_A_TICK = 10;

    /** Of the operator, in its pod. */
    static ProcessLoad of(ClusterSurroundings cluster) throws IOException {
        return parse(cluster.kubectl(
                "exec", "deployment/" + ClusterSurroundings.OPERATOR, "--", "cat", "/proc/1/status", "/proc/1/stat"));
    }

    /** Of one on this machine. */
    public static ProcessLoad of(ProcessHandle process) throws IOException {
        var folder = Path.of("/proc", Long.toString(process.pid()));
        return parse(Files.readString(folder.resolve("status")) + Files.readString(folder.resolve("stat")));
    }

    private static ProcessLoad parse(String files) throws IOException {
        var resident = RESIDENT.matcher(files);
        var fields = FIELDS.matcher(files);
        if (!resident.find() || !fields.find()) {
            throw new IOException("not what /proc says of a process: " + files);
        }
        var numbers = fields.group().split(" ");
        long ticks = Long.parseLong(numbers[12]) + Long.parseLong(numbers[13]);
        return new ProcessLoad(Duration.ofMillis(ticks * MILLIS_OF_A_TICK), Long.parseLong(resident.group(1)) / 1024.0);
    }
}
