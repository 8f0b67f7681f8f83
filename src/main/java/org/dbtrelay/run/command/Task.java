package org.dbtrelay.run.command;

import java.util.Set;
import org.dbtrelay.run.job.JobRunStatus;
import org.jspecify.annotations.Nullable;

/** What a command wants to be done. */
public sealed interface Task {

    /** The word for it in {@code command}. */
    default String verb() {
        return switch (this) {
            case Trigger trigger -> "trigger";
            case Retry retry -> "retry";
            case Rerun rerun -> "retry";
            case Cancel cancel -> "cancel";
            case Follow follow -> "follow";
        };
    }

    /** The job as the command names it; null: it names a run. */
    default @Nullable JobSelector namedJob() {
        return switch (this) {
            case Trigger trigger -> trigger.job();
            case Rerun rerun -> rerun.job();
            case Retry retry -> null;
            case Cancel cancel -> null;
            case Follow follow -> null;
        };
    }

    /** The id of the command that it is about; null: it is about none. */
    default @Nullable String waitsForCommand() {
        return switch (this) {
            case Cancel(RunSelector.OfCommand(String target)) -> target;
            case Retry(RunSelector.OfCommand(String target)) -> target;
            case Cancel cancel -> null;
            case Retry retry -> null;
            case Trigger trigger -> null;
            case Rerun rerun -> null;
            case Follow follow -> null;
        };
    }

    /** Whether it ends as completed or rejected, whatever happens: it has no run that could be told of. */
    default boolean hasNoRun() {
        return switch (this) {
            case Trigger trigger -> trigger.dryRun();
            case Cancel cancel -> true;
            case Retry retry -> false;
            case Rerun rerun -> false;
            case Follow follow -> false;
        };
    }

    /** Whether it starts a run of its own. */
    default boolean starts() {
        return switch (this) {
            case Trigger trigger -> !trigger.dryRun();
            case Retry retry -> true;
            case Rerun rerun -> true;
            case Cancel cancel -> false;
            case Follow follow -> false;
        };
    }

    /**
     * Run a job.
     *
     * @param cause the producer's own, without the marker; null: none
     * @param overrides what is changed of the job for this run
     * @param retryFromFailure if the job's newest run failed and can be retried, resume that one
     * @param dryRun check everything and start nothing
     */
    record Trigger(
            JobSelector job, @Nullable String cause, Overrides overrides, boolean retryFromFailure, boolean dryRun)
            implements Task {

        /** The same without a wish to resume. */
        public Trigger inFull() {
            return new Trigger(job, cause, overrides, false, dryRun);
        }
    }

    /** Resume a run that failed, from where it failed. */
    record Retry(RunSelector run) implements Task {}

    /** Resume a job's newest run, which failed. */
    record Rerun(JobSelector job) implements Task {}

    /** End a run, or a command that has none yet. */
    record Cancel(RunSelector run) implements Task {}

    /**
     * Watch a run that somebody else started.
     *
     * @param expected the statuses that end the wait as hoped; empty: whatever its end is
     */
    record Follow(long runId, Set<JobRunStatus.Known> expected) implements Task {
        public Follow {
            expected = Set.copyOf(expected);
        }
    }
}
