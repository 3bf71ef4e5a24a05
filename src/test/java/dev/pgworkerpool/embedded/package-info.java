/**
 * The surroundings of the operator in one process: a Kubernetes API with its controllers, and a node that runs pods as local
 * processes. For tests and for the demo; nothing here is part of the product.
 */
@NullMarked
package dev.pgworkerpool.embedded;

import org.jspecify.annotations.NullMarked;
