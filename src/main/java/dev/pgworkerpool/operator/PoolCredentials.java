package dev.pgworkerpool.operator;

import dev.pgworkerpool.queue.ConnectionSettings;
import dev.pgworkerpool.queue.RoleLogin;
import java.util.List;

/**
 * What the Secrets of a pool say.
 *
 * @param problems Secrets of logins that are missing or unusable, in words; the other logins work
 */
record PoolCredentials(ConnectionSettings connection, List<RoleLogin> logins, List<String> problems) {}
