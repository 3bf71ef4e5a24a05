package dev.pgworkerpool.status;

import java.util.Locale;

/**
 * How a resource stands, in the words of <a href="https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md">kstatus</a>,
 * which {@code kubectl wait}, Flux, Argo CD and Helm understand.
 *
 * @param state exactly one of four
 * @param reason one word in CamelCase, for programs
 * @param message for people
 */
public record Readiness(State state, String reason, String message) {

    /** What is going to happen. */
    public enum State {
        /** As it should be. */
        READY,
        /** Not yet, but it goes on by itself, or as soon as something that is missing comes. */
        RECONCILING,
        /** Ended badly: nothing happens until somebody changes something. */
        STALLED,
        /** As it was asked to be, which is: not ready. */
        HALTED
    }

    public static Readiness ready(String reason, String message) {
        return new Readiness(State.READY, reason, message);
    }

    public static Readiness reconciling(String reason, String message) {
        return new Readiness(State.RECONCILING, reason, message);
    }

    public static Readiness stalled(String reason, String message) {
        return new Readiness(State.STALLED, reason, message);
    }

    public static Readiness halted(String reason, String message) {
        return new Readiness(State.HALTED, reason, message);
    }

    @Override
    public String toString() {
        return state.name().toLowerCase(Locale.ROOT) + " " + reason + ": " + message;
    }
}
