/**
 * The process in the worker pod. It drains the queue of one worker name and ends.
 *
 * <p>Plain Java and pgjdbc only: it must reach its first statement in a tenth of a second.
 */
@NullMarked
package dev.pgworkerpool.worker;

import org.jspecify.annotations.NullMarked;
