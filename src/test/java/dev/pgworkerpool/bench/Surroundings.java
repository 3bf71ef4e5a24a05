package dev.pgworkerpool.bench;

import java.time.LocalDate;
import java.util.Map;

/**
 * Where and when figures were measured.
 *
 * @param server the version of PostgreSQL
 * @param settings those of the server that matter
 */
record Surroundings(LocalDate date, Machine machine, String server, Map<String, String> settings) {}
