package dev.pgworkerpool.bench;

/** One line of the table. */
interface Question {
    About about();

    /** Brings up what the rounds need. */
    Trial open(BenchServer server) throws Exception;
}
