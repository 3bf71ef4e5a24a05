/**
 * Who starts next, what its Kubernetes Job is called and what its pod looks like: pure functions of values. Nothing here calls
 * the Kubernetes API or the database, and clocks are passed in.
 */
@NullMarked
package dev.pgworkerpool.schedule;

import org.jspecify.annotations.NullMarked;
