package dev.pgworkerpool.api;

/** Names that both custom resources, their Kubernetes Jobs and their pods share. */
public final class Api {
    public static final String GROUP = "pgworkerpool.dev";
    public static final String VERSION = "v1alpha1";

    /** Label of a worker's Kubernetes Job and pod: the name of its WorkerPool. */
    public static final String POOL_LABEL = GROUP + "/pool";
    /** Annotation of a worker's Kubernetes Job and pod: the worker's name as it was submitted. */
    public static final String WORKER_ANNOTATION = GROUP + "/worker";
    /** Annotation of a worker's Kubernetes Job and pod: the number of its turn. */
    public static final String TURN_ANNOTATION = GROUP + "/turn";

    /** Annotation of a worker's Kubernetes Job: a digest of its pod template. */
    public static final String TEMPLATE_ANNOTATION = GROUP + "/template";

    private Api() {}
}
