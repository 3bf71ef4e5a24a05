package dev.pgworkerpool.schedule;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/**
 * Makes Kubernetes names out of worker names, which may be any text of at most 63 bytes.
 *
 * <p>{@code <pool>-<slug of the worker>-<hash>-<turn>}: the slug is for people, the hash keeps apart what the slug makes equal
 * ({@code "a b"}, {@code "A-B"}), and the turn makes a second Kubernetes Job for the same turn impossible: its creation
 * answers 409 whoever tries it. At most 57 characters, so that the pod's name (five random ones and a dash more) still is a
 * DNS label and the Job's name isn't cut in it.
 *
 * @param pool name of the WorkerPool
 * @param worker the worker's name as it was submitted
 */
public record WorkerName(String pool, String worker) {
    private static final int LONGEST = 57;
    private static final int HASH_LENGTH = 10;
    /** Of the pool's part when there is not room enough for all. */
    private static final int POOL_LENGTH = 20;

    private static final int BASE_32 = 32;

    /** The name of the Kubernetes Job of one turn. The same in every process and for ever. */
    public String jobName(int turn) {
        String tail = "-" + hash() + "-" + turn;
        int room = LONGEST - tail.length();
        String poolPart = slug(pool, POOL_LENGTH);
        String workerPart = slug(worker, room - poolPart.length() - 1);
        return (workerPart.isEmpty() ? poolPart : poolPart + "-" + workerPart) + tail;
    }

    /** Lower-case letters and digits with single dashes between them; empty when nothing of the text can be shown. */
    private static String slug(String text, int longest) {
        String dashed = text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        String cut = dashed.replaceAll("^-", "");
        return cut.substring(0, Math.min(longest, cut.length())).replaceAll("-$", "");
    }

    /** 50 bits of SHA-256. The two parts can't run into each other: a pool's name has no NUL, and neither has a text in PostgreSQL. */
    private String hash() {
        byte[] digest = sha256((pool + '\0' + worker).getBytes(UTF_8));
        String digits = new BigInteger(1, digest).toString(BASE_32);
        return digits.substring(digits.length() - HASH_LENGTH);
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
