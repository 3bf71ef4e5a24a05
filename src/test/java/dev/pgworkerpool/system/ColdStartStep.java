package dev.pgworkerpool.system;

/** What happens between the commit of a submit and the effect of its job, in this order. */
enum ColdStartStep {
    COMMIT("commit"),
    JOB_CREATED("Job created"),
    POD_CREATED("pod created"),
    POD_SCHEDULED("pod scheduled"),
    SANDBOX_READY("sandbox and image ready"),
    CONTAINER_CREATED("container created"),
    JVM_STARTED("JVM started"),
    FIRST_SESSION("first session in PostgreSQL"),
    EFFECT("effect");

    final String words;

    ColdStartStep(String words) {
        this.words = words;
    }
}
