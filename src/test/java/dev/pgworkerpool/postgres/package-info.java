/** The PostgreSQL servers that the tests and the demo run on, and the databases and roles in them. */
@NullMarked
package dev.pgworkerpool.postgres;

import org.jspecify.annotations.NullMarked;
