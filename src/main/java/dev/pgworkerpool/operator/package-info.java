/**
 * The reconcilers, their steps, and what wires them to Kubernetes and to the databases.
 *
 * <p>Everything is level-triggered: a pass looks at all there is and does what is missing. What the operator remembers between
 * passes ({@code LivePool}) only saves work; nothing is lost with it.
 */
@NullMarked
package dev.pgworkerpool.operator;

import org.jspecify.annotations.NullMarked;
