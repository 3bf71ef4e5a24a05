/**
 * The queue in PostgreSQL, seen from the operator: the schema's installation, its calls and its notifications. The SQL itself
 * is in the files below {@code src/main/resources/dev/pgworkerpool/queue/sql}.
 */
@NullMarked
package dev.pgworkerpool.queue;

import org.jspecify.annotations.NullMarked;
