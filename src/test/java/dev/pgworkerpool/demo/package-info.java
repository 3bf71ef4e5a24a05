/**
 * {@code make demo}: the operator and its workers, as they are, in embedded surroundings, telling a short story. Nothing here is
 * part of the product.
 */
@NullMarked
package dev.pgworkerpool.demo;

import org.jspecify.annotations.NullMarked;
