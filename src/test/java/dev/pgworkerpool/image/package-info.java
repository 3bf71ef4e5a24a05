/** The container image, run by Docker as Kubernetes would run it: {@code make test-image}. */
@NullMarked
package dev.pgworkerpool.image;

import org.jspecify.annotations.NullMarked;
