package dev.pgworkerpool.worker;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** One line on standard output, with its time. A logging framework would take longer to load than most jobs run. */
final class Log {
    private Log() {}

    @SuppressWarnings("SystemOut")
    static void line(String text) {
        System.out.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + text);
    }
}
