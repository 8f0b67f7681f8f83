package org.dbtrelay.run.state;

import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.command.CommandHash;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * One complete state of one command: what one ledger record holds.
 *
 * @param offset of the command's record; {@link #NO_OFFSET} where that is not known
 * @param commandHash a hash of the command's content, so that the same id with another content is noticed
 * @param nextSequence the sequence number of its next event
 * @param adopted its run was found, not started
 * @param started its run is that of a request of its own, whether the answer told so or a search has found it
 * @param strays ids of runs that are not its run and have been told of: those that carry its marker, and those of its earlier attempts
 * @param retries its runs, if another may follow one that failed; null: it has one run only
 * @param share its place among the commands that want one run together; null: it shares none
 * @param lastStart its last intent, where another start or another command asks for it; null: none does, or there was none
 * @param resolved null once it is finished, and only then
 * @param told when its events were told, as {@link Timeline} writes it; null: nothing is known, as of an entry of an earlier build
 */
public record RunEntry(
        String commandId,
        long offset,
        CommandHash commandHash,
        Instant acceptedAt,
        int nextSequence,
        boolean adopted,
        boolean started,
        List<Long> strays,
        @Nullable Retries retries,
        @Nullable Share share,
        @Nullable JobStart lastStart,
        @Nullable ResolvedCommand resolved,
        RunState state,
        @Nullable String told) {

    /** In place of the offset of a command that came by no record. */
    public static final long NO_OFFSET = -1;

    public RunEntry {
        strays = List.copyOf(strays);
        if (resolved == null && !(state instanceof RunState.Finished)) {
            throw new IllegalArgumentException("only a finished entry has no command");
        }
    }

    /** The events that were told of it, as far as they are known. */
    public List<Timeline.Told> timeline() {
        return Timeline.of(told, acceptedAt);
    }

    /** The last of its runs after whose failure there is to be another one; null: there is none. */
    public @Nullable RunSnapshot failedRun() {
        return retries == null ? null : retries.last();
    }

    /** Whether it has had a run that failed, and waits for another one, or has it. */
    public boolean hasFailedRun() {
        return failedRun() != null;
    }

    /** Whether a run is one of its own that have failed: a list, or another command that follows the run, may not know that yet. */
    public boolean hasHad(long runId) {
        @Nullable RunSnapshot failed = failedRun();
        return failed != null && (failed.runId() == runId || strays.contains(runId));
    }

    /** How many of its runs have failed and were followed, or are to be, by another. */
    public int failedRuns() {
        return retries == null ? 0 : retries.failed();
    }

    /** The command. Not for finished entries, which have shed it. */
    public ResolvedCommand openCommand() {
        if (resolved == null) {
            throw new IllegalStateException("the entry is finished and has no command any more");
        }
        return resolved;
    }

    /** The same without the producer's context, the largest thing that goes into every event. */
    public RunEntry withoutContext() {
        return resolved == null
                ? this
                : new RunEntry(
                        commandId,
                        offset,
                        commandHash,
                        acceptedAt,
                        nextSequence,
                        adopted,
                        started,
                        strays,
                        retries,
                        share,
                        lastStart,
                        resolved.withoutContext(),
                        state,
                        told);
    }

    /** The connection; null: an earlier build has finished it. */
    public @Nullable String connection() {
        return resolved != null
                ? resolved.connection()
                : state instanceof RunState.Finished finished ? finished.connection() : null;
    }

    /** The job; null: it is not known, or an earlier build has finished it. */
    public @Nullable Long jobId() {
        return resolved != null
                ? resolved.jobId()
                : state instanceof RunState.Finished finished ? finished.jobId() : null;
    }

    /** Who wanted its run to be told of. */
    public Origin origin() {
        return Origin.of(commandId);
    }

    /** True until its one outcome has been told and its artifacts are settled. */
    public boolean unfinished() {
        return !(state instanceof RunState.Finished);
    }
}
