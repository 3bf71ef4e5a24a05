/** What users see of the work: conditions, Kubernetes Events and metrics. */
@NullMarked
package dev.pgworkerpool.status;

import org.jspecify.annotations.NullMarked;
