package dev.pgworkerpool.embedded;

import java.util.concurrent.ThreadLocalRandom;

/** Names as the API generates them: without vowels and look-alikes, so that they spell nothing. */
final class RandomName {
    private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
    private static final int LENGTH = 5;

    /** A name has room for a prefix of so many characters; pods carry their name in a label. */
    private static final int MAX_PREFIX = 63 - LENGTH;

    private RandomName() {}

    static String after(String prefix) {
        var name = new StringBuilder(prefix.substring(0, Math.min(prefix.length(), MAX_PREFIX)));
        for (int i = 0; i < LENGTH; i++) {
            name.append(ALPHABET.charAt(ThreadLocalRandom.current().nextInt(ALPHABET.length())));
        }
        return name.toString();
    }
}
