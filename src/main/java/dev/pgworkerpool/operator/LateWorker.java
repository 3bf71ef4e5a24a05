package dev.pgworkerpool.operator;

import java.time.Instant;

/** A worker that should have started by now. */
record LateWorker(String worker, String reason, Instant askedAt) {

    String words() {
        return "worker \"" + worker + "\": " + reason;
    }
}
