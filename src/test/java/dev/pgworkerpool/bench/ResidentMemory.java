package dev.pgworkerpool.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** What a process takes of the machine's memory. */
final class ResidentMemory {
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final double KIB_IN_MIB = 1024;

    private ResidentMemory() {}

    static double mebibytes(ProcessHandle process) throws IOException {
        var status = Files.readString(Path.of("/proc", Long.toString(process.pid()), "status"));
        var resident = RESIDENT.matcher(status);
        if (!resident.find()) {
            throw new IOException("process %d has no memory any more".formatted(process.pid()));
        }
        return Long.parseLong(resident.group(1)) / KIB_IN_MIB;
    }
}
