/**
 * {@code make bench}: how fast the queue is, against the limit of PostgreSQL and against its peers, on the same machine and the
 * same server in one interleaved run. Nothing here is part of the product.
 */
@NullMarked
package dev.pgworkerpool.bench;

import org.jspecify.annotations.NullMarked;
