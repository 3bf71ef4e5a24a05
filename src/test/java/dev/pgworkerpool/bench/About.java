package dev.pgworkerpool.bench;

import java.util.List;

/**
 * What a question is, without its answer.
 *
 * @param id names it on the command line and in files
 * @param measured what the figures are, in a sentence
 * @param rounds how many are counted
 * @param aims at most one of them has a reference of its own: its ratio goes by the id of the question
 */
record About(String id, String title, String measured, int rounds, List<Aim> aims) {}
