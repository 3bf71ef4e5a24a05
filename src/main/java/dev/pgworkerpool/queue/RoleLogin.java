package dev.pgworkerpool.queue;

/**
 * Whose jobs may run, and as whom.
 *
 * @param role the submitter
 * @param login the role that worker pods connect as; the same, or a companion login
 */
public record RoleLogin(String role, String login) {}
