/** What {@code deploy/} and {@code examples/} say, without a cluster that runs it. */
@NullMarked
package dev.pgworkerpool.deploy;

import org.jspecify.annotations.NullMarked;
