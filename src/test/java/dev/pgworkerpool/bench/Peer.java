package dev.pgworkerpool.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Another queue for PostgreSQL, run by a program of its own below {@code src/bench/peers}.
 *
 * @param installation what {@code make bench-peers} has to have brought
 * @param command runs the program; the number of jobs comes behind it
 * @param atomic whether the effect of a job and its completion are one transaction
 * @param lacks what it does not do that we do
 */
record Peer(String name, Path installation, List<String> command, boolean atomic, String lacks) {
    boolean isInstalled() {
        return Files.exists(installation);
    }
}
