package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.dbtrelay.run.command.ArtifactWish;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.RunOptions;
import org.dbtrelay.run.command.SampleConnection;
import org.dbtrelay.run.command.SamplePolicy;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.ArtifactContent;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.SampleRun;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.jspecify.annotations.Nullable;

/** Commands, runs and policies to decide about. The command is {@code c1}, the job 7, the run 99. */
public final class RunSamples {

    public static final Instant T0 = SampleRun.T0;
    public static final JobSelector BY_NAMES = new JobSelector.ByNames(new JobNames("p", "e", "j"));

    /** Records come one after another. */
    private static long offset;

    private RunSamples() {}

    public static Input commanded(Command command) {
        return new Input.CommandReceived(command, new CommandHash(1, 2), T0, offset++);
    }

    public static Command.Fit trigger(JobSelector job) {
        return trigger(null, job, Overrides.NONE);
    }

    public static Command.Fit trigger(@Nullable Long accountId, JobSelector job, Overrides overrides) {
        return new Command.Fit(
                new Command.Head("c1", "default", accountId, null, "{\"a\":1}", null),
                new Task.Trigger(job, "because", overrides, false, false),
                RequestedOptions.NONE);
    }

    /** A command of that id that says nothing about how. */
    public static Command.Fit command(String id, Task task) {
        return command(id, task, RequestedOptions.NONE);
    }

    public static Command.Fit command(String id, Task task, RequestedOptions requested) {
        return new Command.Fit(new Command.Head(id, "default", null, null, null, null), task, requested);
    }

    public static Task.Trigger job(long jobId) {
        return new Task.Trigger(new JobSelector.ById(jobId), null, Overrides.NONE, false, false);
    }

    /** The run has ended, and all that there is of it could be read. */
    public static Input.RunEnded ended(String commandId, RunSnapshot run) {
        return new Input.RunEnded(commandId, RunEnd.complete(run, List.of(), null));
    }

    public static StoredArtifact stored(WantedArtifact wanted) {
        return new StoredArtifact(wanted, "file:/x", 1L, "00".repeat(32), null, ArtifactContent.NONE);
    }

    public static List<ArtifactWish> requested(String... paths) {
        return Stream.of(paths).map(ArtifactWish::of).toList();
    }

    public static RunSnapshot run(JobRunStatus status) {
        return run(status, null, T0);
    }

    public static RunSnapshot run(JobRunStatus status, @Nullable String message, @Nullable Instant createdAt) {
        return SampleRun.of(99)
                .status(status)
                .message(message)
                .createdAt(createdAt)
                .build();
    }

    public static Policy policy(Policy.ForConnection connection) {
        return policy(connection, null, false);
    }

    public static Policy policy(Policy.ForConnection connection, @Nullable Boolean cancelAtDeadline, boolean park) {
        return SamplePolicy.of(connection)
                .defaults(new RunOptions.Defaults(
                        Duration.ofSeconds(10),
                        Duration.ofHours(24),
                        cancelAtDeadline,
                        park,
                        IfRunning.QUEUE,
                        List.of("manifest.json")))
                .build();
    }

    public static Policy.ForConnection anything() {
        return new SampleConnection().build();
    }

    public static RunEvent.OfCommand ofCommand(RunEvent event) {
        return (RunEvent.OfCommand) event.body();
    }

    public static RunEvent.OfRun ofRun(RunEvent event) {
        return (RunEvent.OfRun) event.body();
    }

    /** Artifacts that are not in the list of artifacts. */
    public static List<Input.ArtifactsCollected.Unavailable> notYet(List<WantedArtifact> wanted) {
        return wanted.stream()
                .map(artifact -> new Input.ArtifactsCollected.Unavailable(
                        artifact, UnavailableReason.NOT_FOUND_IN_TIME, "not in the list"))
                .toList();
    }
}
