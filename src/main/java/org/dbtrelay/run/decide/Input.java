package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobDetails;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.observe.ListedRuns;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/** A happening that concerns a command. Answers name the command, and the attempt if a late one could be mistaken. */
public sealed interface Input {

    /** The command that it concerns; null: it concerns none, or nobody knows yet which. */
    default @Nullable String commandIdOrNull() {
        return switch (this) {
            case NotACommand unreadable -> null;
            case SweepResult swept -> null;
            case ObservationBegins begun -> null;
            case RunsListed listed -> null;
            case JobsSwitched switched -> null;
            case CommandReceived commanded -> commanded.command().id();
            case CommandInput about -> about.commandId();
        };
    }

    /** The content of a record of the commands topic. */
    sealed interface RecordInput extends Input {}

    /** A record that is no command at all. */
    record NotACommand(DeadLetter verdict) implements RecordInput {}

    /**
     * A command has come in.
     *
     * @param hash of its content
     * @param recordTime the Kafka record's time
     * @param offset the record's place in its partition; {@link RunEntry#NO_OFFSET} if it is in none
     */
    record CommandReceived(Command command, CommandHash hash, Instant recordTime, long offset) implements RecordInput {

        /** The same as part of another trace. */
        public CommandReceived in(@Nullable TraceContext trace) {
            return new CommandReceived(command.in(trace), hash, recordTime, offset);
        }

        /** The same as its producer had sent it, before it was passed on. */
        public CommandReceived sent(String id, Instant time) {
            return new CommandReceived(command.named(id), hash, time, offset);
        }

        /** The same at another place. */
        public CommandReceived at(long place) {
            return new CommandReceived(command, hash, recordTime, place);
        }
    }

    /**
     * Some of the runs of an account's last hour that carry this deployment's marker. Whose they are is found out by who has the
     * commands.
     */
    record SweepResult(Target target, List<RunSnapshot> runs) implements Input {}

    /**
     * An observed connection can begin: nothing up to the cursor is of interest.
     *
     * @param claim the number of the claim that wanted it; another one takes no notice
     */
    record ObservationBegins(long claim, ObserveCursor cursor) implements Input {}

    /**
     * A page of the runs of an account that is observed.
     *
     * @param claim the number of the claim that wanted it; another one takes no notice
     */
    record RunsListed(long claim, ListedRuns page) implements Input {}

    /** A person has suspended jobs, or has let them go on: {@code Partition.suspend} knows which. */
    record JobsSwitched() implements Input {}

    /** An input that concerns one known command. */
    sealed interface CommandInput extends Input {
        /** Which. */
        String commandId();
    }

    /** A new owner has read the entry from the ledger. */
    record Restored(String commandId) implements CommandInput {}

    /** The time that {@link Action.SetTimer} named has come. */
    record TimerFired(String commandId) implements CommandInput {}

    /** It is first among the commands of its job that have no run yet. */
    record TurnReached(String commandId) implements CommandInput {}

    /** The command that it is about has moved on, or has come in only now. */
    record TargetChanged(String commandId) implements CommandInput {}

    /** Among the commands that want one run together something has changed: who leads them, or that there is a run. */
    record ShareMoved(String commandId) implements CommandInput {}

    /**
     * The command that led is over or has left, and the run that it has started goes on.
     *
     * @param by the id of the command that has started the run
     * @param adopted as the command has told of it
     * @param startedAt when its start was decided; null: it was found
     */
    record RunHanded(
            String commandId,
            String by,
            RunSnapshot run,
            boolean adopted,
            @Nullable Instant startedAt) implements CommandInput {}

    /**
     * The command that led has no run, for a reason that holds for all that joined it.
     *
     * @param rejected null: it is not that
     * @param abandoned null: it is not that; with neither, another run after one that failed cannot be started
     */
    record ShareEnded(
            String commandId,
            @Nullable RejectReason rejected,
            @Nullable AbandonReason abandoned,
            String message) implements CommandInput {}

    /** Another command wants this one and its run to end. */
    record CancelRequested(String commandId, CancelReason reason) implements CommandInput {}

    /** A job was looked up by names, or read. */
    record JobFound(String commandId, JobDetails job) implements CommandInput {}

    /** No job to run. */
    record JobRejected(String commandId, RejectReason reason, String message) implements CommandInput {}

    /**
     * A run was read because of what is to be done with it.
     *
     * @param run null: the job has no run
     * @param canRetry dbt Cloud says that it can be resumed
     * @param whyNot dbt Cloud's word for why not; null: it has none
     * @param check as part of which the job's newest run was read; null: it is the run that the command names
     */
    record RunRead(
            String commandId,
            @Nullable RunSnapshot run,
            boolean canRetry,
            @Nullable String whyNot,
            @Nullable StartCheck check)
            implements CommandInput {

        /** The run that the command names was read. */
        public RunRead(String commandId, @Nullable RunSnapshot run, boolean canRetry, @Nullable String whyNot) {
            this(commandId, run, canRetry, whyNot, null);
        }
    }

    /** The runs of its job that dbt Cloud has in flight, oldest first. */
    record RunsInFlight(String commandId, List<RunSnapshot> runs, StartCheck check) implements CommandInput {}

    /**
     * The budget has a request for the start, and a connection is free.
     *
     * @param newestRunId the highest run id of the account that is known; null: none is
     * @param check upon which the start depends; null: upon none
     */
    record StartReserved(
            String commandId,
            StartCall call,
            @Nullable Long newestRunId,
            @Nullable StartCheck check) implements CommandInput {

        /** The start depends upon no check. */
        public StartReserved(String commandId, StartCall call, @Nullable Long newestRunId) {
            this(commandId, call, newestRunId, null);
        }
    }

    /** The trigger was answered with a run. */
    record Started(String commandId, int attempt, RunSnapshot run) implements CommandInput {}

    /** The trigger was refused: surely no run. */
    record StartRefused(String commandId, int attempt, RejectReason reason, String message) implements CommandInput {}

    /** The trigger came to nothing, or nobody knows. */
    record StartFailed(String commandId, int attempt, CallFailure failure) implements CommandInput {}

    /**
     * The job's runs were searched for the marker.
     *
     * @param begunAt when the search began
     * @param run null: not there
     */
    record SearchResult(
            String commandId,
            int attempt,
            Instant begunAt,
            @Nullable RunSnapshot run) implements CommandInput {}

    /** Runs that carry the command's marker, one at least. */
    record MarkedRunsFound(String commandId, Target target, List<RunSnapshot> runs) implements CommandInput {}

    /** A poll of the run. */
    record RunObserved(String commandId, RunSnapshot run) implements CommandInput {}

    /** dbt Cloud does not know the run (404). */
    record RunNotFound(String commandId, long runId) implements CommandInput {}

    /** A run has ended; what could be read of it within the time that its end may be held back. */
    record RunEnded(String commandId, RunEnd end) implements CommandInput {}

    /**
     * The relay has asked again for the parts that were missing when a run's end was told.
     *
     * @param attempt the number that {@link Action.ExplainEnd} carried
     * @param begun when the relay began to read: what came later can be missing, however late the answer is
     */
    record EndExplained(String commandId, int attempt, Instant begun, RunEnd end) implements CommandInput {

        /** The time of which it tells: of an answer when the relay began to read, of a failure when it came. */
        Instant asOf(Instant now) {
            return end.trouble() == null ? begun : now;
        }
    }

    /**
     * The artifacts that the relay has asked for.
     *
     * @param begun when the relay began to ask
     * @param unavailable will not come
     * @param notYet may still come; with what each is told as if patience is over before it does
     */
    record ArtifactsCollected(
            String commandId,
            Instant begun,
            List<StoredArtifact> ready,
            List<Unavailable> unavailable,
            List<Unavailable> notYet)
            implements CommandInput {
        /** An artifact that is not to be had, and why. */
        public record Unavailable(WantedArtifact artifact, UnavailableReason reason, String message) {}
    }

    /**
     * Something other than a start could not be done.
     *
     * @param action the call; so a late failure of one call is not taken for that of another
     */
    record CallFailed(Action.External action, CallFailure failure) implements CommandInput {
        @Override
        public String commandId() {
            return action.commandId();
        }
    }

    /** An operator gives the command up. */
    record EndRequested(String commandId) implements CommandInput {}

    /** An input about this command could not be decided because of an internal error. */
    record InternalFault(String commandId, String message) implements CommandInput {}
}
