package org.dbtrelay.run;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What can happen to a command. Answers name the command, and the attempt where a late one could be mistaken. */
public sealed interface Input {

    /** The command that it concerns; null: it concerns none, or nobody knows yet which. */
    default @Nullable String commandIdOrNull() {
        return switch (this) {
            case Unreadable unreadable -> null;
            case Swept swept -> null;
            case Commanded commanded -> commanded.command().id();
            case About about -> about.commandId();
        };
    }

    /** What a record of the commands topic says. */
    sealed interface OfRecord extends Input {}

    /** A record that is no command at all. */
    record Unreadable(DeadLetter verdict) implements OfRecord {}

    /**
     * A command has come in.
     *
     * @param hash of its content
     * @param recordTime the Kafka record's time
     * @param offset the record's place in its partition; {@link RunEntry#NO_OFFSET} if it is in none
     */
    record Commanded(Command command, CommandHash hash, Instant recordTime, long offset) implements OfRecord {

        /** The same as part of another trace. */
        public Commanded in(@Nullable TraceContext trace) {
            return new Commanded(command.in(trace), hash, recordTime, offset);
        }

        /** The same as its producer had sent it, before it was passed on. */
        public Commanded sent(String id, Instant time) {
            return new Commanded(command.named(id), hash, time, offset);
        }

        /** The same at another place. */
        public Commanded at(long place) {
            return new Commanded(command, hash, recordTime, place);
        }
    }

    /**
     * Some of the runs of an account's last hour that carry this deployment's marker. Whose they are is found out by who has the
     * commands.
     */
    record Swept(Action.Target target, List<RunSnapshot> runs) implements Input {}

    /** What concerns a command that is known already. */
    sealed interface About extends Input {
        /** Which. */
        String commandId();
    }

    /** A new owner has read the entry from the ledger. */
    record Restored(String commandId) implements About {}

    /** The time that {@link Action.WakeAt} named has come. */
    record Woken(String commandId) implements About {}

    /** It is first among the commands of its job that have no run yet. */
    record Turn(String commandId) implements About {}

    /** The command that it is about has moved on, or has come in only now. */
    record TargetMoved(String commandId) implements About {}

    /** Another command wants this one and its run to end. */
    record CancelAsked(String commandId, CancelReason reason) implements About {}

    /** A job was looked up by names, or read. */
    record JobFound(String commandId, JobDetails job) implements About {}

    /** No job to run. */
    record JobRefused(String commandId, RejectReason reason, String message) implements About {}

    /**
     * A run was read because of what is to be done with it.
     *
     * @param run null: the job has no run
     * @param canRetry dbt Cloud says that it can be resumed
     * @param whyNot dbt Cloud's word for why not; null: it has none
     * @param look as part of which the job's newest run was read; null: it is the run that the command names
     */
    record RunRead(
            String commandId,
            @Nullable RunSnapshot run,
            boolean canRetry,
            @Nullable String whyNot,
            @Nullable Look look) implements About {

        /** The run that the command names was read. */
        public RunRead(String commandId, @Nullable RunSnapshot run, boolean canRetry, @Nullable String whyNot) {
            this(commandId, run, canRetry, whyNot, null);
        }
    }

    /** The runs of its job that dbt Cloud has in flight, oldest first. */
    record InFlight(String commandId, List<RunSnapshot> runs, Look look) implements About {}

    /**
     * The budget has a request for the start, and a connection is free.
     *
     * @param newestRunId the highest run id of the job that is known; null: none is
     * @param look upon which the start depends; null: upon none
     */
    record MayStart(
            String commandId,
            StartCall call,
            @Nullable Long newestRunId,
            @Nullable Look look) implements About {

        /** The start depends upon no look. */
        public MayStart(String commandId, StartCall call, @Nullable Long newestRunId) {
            this(commandId, call, newestRunId, null);
        }
    }

    /** The trigger was answered with a run. */
    record Started(String commandId, int attempt, RunSnapshot run) implements About {}

    /** The trigger was refused: surely no run. */
    record StartRefused(String commandId, int attempt, RejectReason reason, String message) implements About {}

    /** The trigger came to nothing, or nobody knows. */
    record StartFailed(String commandId, int attempt, CallFailure failure) implements About {}

    /**
     * The job's runs were searched for the marker.
     *
     * @param begunAt when the search began
     * @param run null: not there
     */
    record LookedUp(
            String commandId,
            int attempt,
            Instant begunAt,
            @Nullable RunSnapshot run) implements About {}

    /** Runs that carry the command's marker, one at least. */
    record Marked(String commandId, Action.Target target, List<RunSnapshot> runs) implements About {}

    /** A look at the run. */
    record Observed(String commandId, RunSnapshot run) implements About {}

    /** dbt Cloud does not know the run (404). */
    record NotSeen(String commandId, long runId) implements About {}

    /** A run has ended; what could be read of it within the time that its end may be held back. */
    record Ended(String commandId, RunEnd end) implements About {}

    /**
     * What was missing when a run's end was told has been asked for again.
     *
     * @param attempt the number that {@link Action.Explain} carried
     */
    record Explained(String commandId, int attempt, RunEnd end) implements About {}

    /**
     * What has become of artifacts.
     *
     * @param unavailable will not come
     * @param notYet may still come; with what each is told as if patience is over before it does
     */
    record Collected(
            String commandId, List<StoredArtifact> ready, List<Unavailable> unavailable, List<Unavailable> notYet)
            implements About {
        /** An artifact that is not to be had, and why. */
        public record Unavailable(WantedArtifact artifact, UnavailableReason reason, String message) {}
    }

    /**
     * Something other than a start could not be done.
     *
     * @param action what; a late failure of one call is not taken for that of another
     */
    record CallFailed(Action action, CallFailure failure) implements About {
        @Override
        public String commandId() {
            return action.commandId();
        }
    }

    /** An operator gives the command up. */
    record EndAsked(String commandId) implements About {}

    /** An input about this command could not be decided because of a fault of the relay. */
    record Broken(String commandId, String message) implements About {}
}
