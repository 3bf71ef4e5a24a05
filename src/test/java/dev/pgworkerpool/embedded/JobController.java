package dev.pgworkerpool.embedded;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.UncountedTerminatedPods;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Runs Kubernetes Jobs: creates their pods, counts how they end and says when a Job is over, in the words of
 * <a href="https://kubernetes.io/docs/concepts/workloads/controllers/job/">the real one</a> (as of 1.34). Knows completions,
 * parallelism, backoffLimit, activeDeadlineSeconds, suspend and podReplacementPolicy; no indexed Jobs, no policies for success
 * and failure.
 */
final class JobController implements AutoCloseable {
    private static final String COMPONENT = "job-controller";
    private static final Duration RETRY = Duration.ofSeconds(1);
    private static final Duration FIRST_BACKOFF = Duration.ofSeconds(10);
    private static final Duration MAX_BACKOFF = Duration.ofMinutes(10);

    private final ObjectStore store;
    private final ObjectApi api;
    private final TypedObjects<Job> jobs;
    private final TypedObjects<Pod> pods;
    private final EventRecorder events;
    private final ControlLoop<ObjectKey> loop;

    JobController(ObjectStore store, ObjectApi api, EventRecorder events, ControlLoop.Gate gate) {
        this.store = store;
        this.api = api;
        this.jobs = new TypedObjects<>(store, api, ResourceTypes.JOBS, Job.class);
        this.pods = new TypedObjects<>(store, api, ResourceTypes.PODS, Pod.class);
        this.events = events;
        this.loop = new ControlLoop<>(COMPONENT, gate, this::reconcile);
        store.subscribe(this::note);
        loop.start();
    }

    private void note(ObjectStore.Update update) {
        if (update.key().storage().equals(ResourceTypes.JOBS.storage())) {
            loop.enqueue(update.key());
        } else if (update.key().storage().equals(ResourceTypes.PODS.storage())) {
            var job = Json.at(update.object(), "metadata", "labels", JobRules.JOB_NAME);
            if (job.isTextual()) {
                loop.enqueue(jobs.key(update.key().namespace(), job.asText()));
            }
        }
    }

    private void reconcile(ObjectKey key) {
        store.locked(() -> {
            var job = jobs.get(key);
            if (job.isEmpty()) {
                podsLabelled(key).all().forEach(this::release);
            } else if (JobConditions.isFinished(job.get())
                    || job.get().getMetadata().getDeletionTimestamp() != null) {
                podsOf(job.get()).all().forEach(this::release);
            } else {
                proceed(key, job.get());
            }
            return true;
        });
    }

    private void proceed(ObjectKey key, Job job) {
        var status = job.getStatus() == null ? new JobStatus() : new JobStatusBuilder(job.getStatus()).build();
        var uncounted = podsOf(job).uncounted();
        uncounted.forEach(pod -> count(status, pod));
        if (status.getStartTime() == null && !isSuspended(job)) {
            status.setStartTime(Json.now());
        }
        decide(job, status);
        showPods(status, podsOf(job));
        finishIfNothingRuns(job, status);
        jobs.editStatus(key, current -> {
            current.setStatus(status);
            return current;
        });
        uncounted.forEach(this::release);
    }

    private static void count(JobStatus status, Pod pod) {
        if (JobPods.hasSucceeded(pod)) {
            status.setSucceeded(orZero(status.getSucceeded()) + 1);
        } else {
            status.setFailed(orZero(status.getFailed()) + 1);
        }
    }

    /** What is to happen next: an end, a stop, or more pods. */
    private void decide(Job job, JobStatus status) {
        var spec = job.getSpec();
        var deadline = deadline(job, status);
        if (JobConditions.isTrue(status, JobConditions.FAILURE_TARGET)
                || JobConditions.isTrue(status, JobConditions.SUCCESS_CRITERIA_MET)) {
            stopPods(job);
        } else if (orZero(status.getFailed()) > spec.getBackoffLimit()) {
            fail(job, status, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        } else if (deadline.filter(end -> !Instant.now().isBefore(end)).isPresent()) {
            fail(job, status, "DeadlineExceeded", "Job was active longer than specified deadline");
        } else if (orZero(status.getSucceeded()) >= spec.getCompletions()) {
            JobConditions.set(
                    status,
                    JobConditions.SUCCESS_CRITERIA_MET,
                    "True",
                    "CompletionsReached",
                    "Reached expected number of succeeded pods");
            stopPods(job);
        } else if (isSuspended(job)) {
            suspend(job, status);
        } else {
            deadline.ifPresent(end -> loop.enqueueAfter(jobs.key(job), Duration.between(Instant.now(), end)));
            resume(status);
            createPods(job, status);
        }
    }

    private void fail(Job job, JobStatus status, String reason, String message) {
        JobConditions.set(status, JobConditions.FAILURE_TARGET, "True", reason, message);
        stopPods(job);
    }

    private void suspend(Job job, JobStatus status) {
        if (!JobConditions.isTrue(status, JobConditions.SUSPENDED)) {
            JobConditions.set(status, JobConditions.SUSPENDED, "True", "JobSuspended", "Job suspended");
            events.normal(COMPONENT, job, "Suspended", "Job suspended");
        }
        status.setStartTime(null);
        stopPods(job);
    }

    private static void resume(JobStatus status) {
        if (JobConditions.isTrue(status, JobConditions.SUSPENDED)) {
            JobConditions.set(status, JobConditions.SUSPENDED, "False", "JobResumed", "Job resumed");
            status.setStartTime(Json.now());
        }
    }

    private void createPods(Job job, JobStatus status) {
        var present = podsOf(job);
        var spec = job.getSpec();
        var running = present.active().size()
                + (spec.getPodReplacementPolicy().equals("Failed")
                        ? present.terminating().size()
                        : 0);
        var wanted = Math.min(spec.getParallelism(), spec.getCompletions() - orZero(status.getSucceeded()));
        var pause = present.lastFailure()
                .map(failure -> Duration.between(Instant.now(), failure.plus(backoff(orZero(status.getFailed())))))
                .orElse(Duration.ZERO);
        if (running < wanted && pause.isPositive()) {
            loop.enqueueAfter(jobs.key(job), pause);
            return;
        }
        for (int i = running; i < wanted; i++) {
            createPod(job);
        }
    }

    private void createPod(Job job) {
        try {
            var pod = pods.create(JobPods.create(job));
            events.normal(
                    COMPONENT,
                    job,
                    "SuccessfulCreate",
                    "Created pod: " + pod.getMetadata().getName());
        } catch (ApiError refusal) {
            events.warning(COMPONENT, job, "FailedCreate", "Error creating: " + refusal.getMessage());
            loop.enqueueAfter(jobs.key(job), RETRY);
        }
    }

    private static Duration backoff(int failures) {
        var backoff = FIRST_BACKOFF.multipliedBy(1L << Math.clamp(failures - 1, 0, 6));
        return backoff.compareTo(MAX_BACKOFF) < 0 ? backoff : MAX_BACKOFF;
    }

    private void stopPods(Job job) {
        podsOf(job).active().forEach(pod -> {
            pods.delete(pods.key(pod), DeleteOptions.with(DeleteOptions.Propagation.BACKGROUND));
            events.normal(
                    COMPONENT,
                    job,
                    "SuccessfulDelete",
                    "Deleted pod: " + pod.getMetadata().getName());
        });
    }

    private static void showPods(JobStatus status, JobPods pods) {
        status.setActive(orNull(pods.active().size()));
        status.setReady(pods.ready());
        status.setTerminating(pods.terminating().size());
        status.setUncountedTerminatedPods(new UncountedTerminatedPods());
    }

    /** The final conditions wait for the last pod, so that whoever sees them knows that nothing runs any more. */
    private void finishIfNothingRuns(Job job, JobStatus status) {
        if (orZero(status.getActive()) + orZero(status.getTerminating()) > 0) {
            return;
        }
        JobConditions.find(status, JobConditions.FAILURE_TARGET).ifPresent(target -> {
            JobConditions.set(status, JobConditions.FAILED, "True", target.getReason(), target.getMessage());
            events.warning(COMPONENT, job, target.getReason(), target.getMessage());
        });
        JobConditions.find(status, JobConditions.SUCCESS_CRITERIA_MET).ifPresent(met -> {
            JobConditions.set(status, JobConditions.COMPLETE, "True", met.getReason(), met.getMessage());
            status.setCompletionTime(Json.now());
            events.normal(COMPONENT, job, "Completed", "Job completed");
        });
    }

    private static Optional<Instant> deadline(Job job, JobStatus status) {
        var seconds = job.getSpec().getActiveDeadlineSeconds();
        return seconds == null || status.getStartTime() == null
                ? Optional.empty()
                : Optional.of(Instant.parse(status.getStartTime()).plusSeconds(seconds));
    }

    private JobPods podsOf(Job job) {
        var uid = job.getMetadata().getUid();
        return new JobPods(pods.list(
                job.getMetadata().getNamespace(),
                pod -> Json.text(pod, "metadata", "labels", JobRules.CONTROLLER_UID)
                        .equals(uid)));
    }

    private JobPods podsLabelled(ObjectKey job) {
        return new JobPods(pods.list(
                job.namespace(),
                pod -> Json.text(pod, "metadata", "labels", JobRules.JOB_NAME).equals(job.name())));
    }

    private void release(Pod pod) {
        if (pod.getMetadata().getFinalizers().contains(JobPods.FINALIZER)) {
            api.edit(
                    ResourceTypes.PODS,
                    pods.key(pod),
                    null,
                    current -> Deletion.withoutFinalizer(current, JobPods.FINALIZER));
        }
    }

    private static boolean isSuspended(Job job) {
        return Boolean.TRUE.equals(job.getSpec().getSuspend());
    }

    private static int orZero(@Nullable Integer number) {
        return number == null ? 0 : number;
    }

    private static @Nullable Integer orNull(int number) {
        return number == 0 ? null : number;
    }

    @Override
    public void close() {
        loop.close();
    }
}
