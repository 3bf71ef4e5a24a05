/**
 * The custom resources as data: what users write and see. No behaviour beyond defaults and parsing.
 *
 * <p>The files in {@code crds/} are generated from these classes; {@code CrdFilesTest} fails when they drift.
 */
@NullMarked
package dev.pgworkerpool.api;

import org.jspecify.annotations.NullMarked;
