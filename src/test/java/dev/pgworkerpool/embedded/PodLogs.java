package dev.pgworkerpool.embedded;

import java.io.IOException;

/** Where the logs of pods are: the node that runs them. */
interface PodLogs {
    /** Answers a request for the log of this pod, which exists. */
    void send(String namespace, String pod, ApiExchange exchange) throws IOException, InterruptedException;
}
