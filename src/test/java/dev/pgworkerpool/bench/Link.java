package dev.pgworkerpool.bench;

import java.io.IOException;
import java.util.List;

/** The way to a server. */
interface Link extends AutoCloseable {

    /** Where clients connect to. */
    Address address();

    /** How far it is, for the reader. */
    List<String> remarks();

    @Override
    void close() throws IOException;

    /** The one that is there. */
    static Link straight(Address server) {
        return new Link() {
            @Override
            public Address address() {
                return server;
            }

            @Override
            public List<String> remarks() {
                return List.of();
            }

            @Override
            public void close() {
                // nothing was opened
            }
        };
    }
}
