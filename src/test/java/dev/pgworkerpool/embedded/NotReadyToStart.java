package dev.pgworkerpool.embedded;

/** A container cannot start yet, because something is missing that may still come. */
final class NotReadyToStart extends Exception {
    private static final long serialVersionUID = 1;

    private final String waitingReason;
    private final String eventReason;
    private final String why;

    private NotReadyToStart(String waitingReason, String eventReason, String message) {
        super(message);
        this.waitingReason = waitingReason;
        this.eventReason = eventReason;
        this.why = message;
    }

    static NotReadyToStart volume(String volume, String why) {
        return new NotReadyToStart(
                "ContainerCreating",
                "FailedMount",
                "MountVolume.SetUp failed for volume \"%s\" : %s".formatted(volume, why));
    }

    static NotReadyToStart configuration(String why) {
        return new NotReadyToStart("CreateContainerConfigError", "Failed", "Error: " + why);
    }

    static NotReadyToStart firstPull(String image) {
        return new NotReadyToStart("ErrImagePull", "Failed", "Failed to pull image \"%s\": not found".formatted(image));
    }

    static NotReadyToStart pullBackOff(String image) {
        return new NotReadyToStart("ImagePullBackOff", "BackOff", "Back-off pulling image \"%s\"".formatted(image));
    }

    static NotReadyToStart command(String why) {
        return new NotReadyToStart("CreateContainerError", "Failed", "Error: " + why);
    }

    /** The reason in the container's waiting state. */
    String waitingReason() {
        return waitingReason;
    }

    /** The reason of the Event. */
    String eventReason() {
        return eventReason;
    }

    /** The message, never null. */
    String why() {
        return why;
    }
}
