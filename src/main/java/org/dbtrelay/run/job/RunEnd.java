package org.dbtrelay.run.job;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The parts of an ended run that the relay could read. Its parts come one after another: the list that tells of the end knows nothing of
 * steps, and logs and artifacts can follow seconds later.
 *
 * @param steps empty as long as {@link Part#STEPS} are missing
 * @param failure why it failed; null if it has not, or as long as that is not known
 * @param missing parts that should be there and are not yet
 * @param trouble why it is not; null if dbt Cloud has answered and merely has it not
 */
public record RunEnd(
        RunSnapshot run,
        List<RunStep> steps,
        @Nullable RunFailure failure,
        Set<Part> missing,
        @Nullable CallFailure trouble) {

    /** A part that may be missing. */
    public enum Part {
        /** The steps, and so everything else as well. */
        STEPS,
        /** The log of the step that failed. */
        LOG,
        /** The {@code run_results.json} of the step that failed. */
        NODES;

        /** The same set, always in the same order. */
        public static Set<Part> inOrder(Set<Part> parts) {
            Set<Part> sorted = EnumSet.noneOf(Part.class);
            sorted.addAll(parts);
            return Collections.unmodifiableSet(sorted);
        }
    }

    public RunEnd {
        steps = List.copyOf(steps);
        missing = Part.inOrder(missing);
    }

    /** All that there is. */
    public static RunEnd complete(RunSnapshot run, List<RunStep> steps, @Nullable RunFailure failure) {
        return new RunEnd(run, steps, failure, Set.of(), null);
    }

    /** Nothing but what the list told. */
    public static RunEnd unread(RunSnapshot run, @Nullable CallFailure trouble) {
        return new RunEnd(run, List.of(), null, EnumSet.of(Part.STEPS), trouble);
    }

    /** The same end, with the details of the run that only an earlier answer told. */
    public RunEnd after(RunSnapshot earlier) {
        return new RunEnd(run.after(earlier), steps, failure, missing, trouble);
    }

    /** Whether there is nothing more to come. */
    public boolean isComplete() {
        return missing.isEmpty();
    }

    /** Whether waiting brings nothing more: all is there, or dbt Cloud refuses the rest. */
    public boolean isSettled() {
        return isComplete() || trouble instanceof CallFailure.Refused;
    }

    /** Whether the run has failed; dbt Cloud calls a run that ran into its time-out cancelled. */
    public static boolean isFailure(RunSnapshot run) {
        return run.status() == JobRunStatus.Known.ERROR
                || (run.status() == JobRunStatus.Known.CANCELLED && CancelReason.of(run) == CancelReason.TIMED_OUT);
    }

    /** Whether it has more than an end that lacked these parts. */
    public boolean tellsMoreThan(Set<Part> lacking) {
        return isMore(missing, lacking);
    }

    /** Whether one lacks less than another. */
    public static boolean isMore(Set<Part> missing, Set<Part> lacking) {
        return weight(missing) < weight(lacking);
    }

    private static int weight(Set<Part> missing) {
        return missing.contains(Part.STEPS) ? Part.values().length : missing.size();
    }
}
