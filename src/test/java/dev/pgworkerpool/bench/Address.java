package dev.pgworkerpool.bench;

/** Where a server is reached: its own, or that of a link to it. */
record Address(String host, int port) {}
