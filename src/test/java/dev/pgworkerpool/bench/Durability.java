package dev.pgworkerpool.bench;

/** Whether a commit waits for the disk. It is a setting of the database, so it is the same for all that are compared. */
enum Durability {
    DURABLE("on"),
    ASYNC("off");

    private final String synchronousCommit;

    Durability(String synchronousCommit) {
        this.synchronousCommit = synchronousCommit;
    }

    String synchronousCommit() {
        return synchronousCommit;
    }
}
