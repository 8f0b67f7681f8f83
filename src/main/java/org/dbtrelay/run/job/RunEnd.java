package org.dbtrelay.run.job;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What could be read of a run that has ended. Its parts come one after another: the list that tells of the end knows nothing of
 * steps, and logs and artifacts can follow seconds later.
 *
 * @param steps empty as long as {@link Part#STEPS} are missing
 * @param failure why it failed; null if it has not, or as long as that is not known
 * @param missing what should be there and is not yet
 * @param trouble why it is not; null if dbt Cloud has answered and merely has it not
 */
public record RunEnd(
        RunSnapshot run,
        List<RunStep> steps,
        @Nullable RunFailure failure,
        Set<Part> missing,
        @Nullable CallFailure trouble) {

    /** What may be missing. */
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

    /** Whether there is nothing more to come. */
    public boolean isComplete() {
        return missing.isEmpty();
    }

    /** Whether there is no use in waiting for more: all is there, or dbt Cloud will not give it. */
    public boolean isSettled() {
        return isComplete() || trouble instanceof CallFailure.Refused;
    }

    /** Whether the run has failed: one that ran into dbt Cloud's time-out is cancelled in its words only. */
    public static boolean isFailure(RunSnapshot run) {
        return run.status() == JobRunStatus.Known.ERROR
                || (run.status() == JobRunStatus.Known.CANCELLED && CancelReason.of(run) == CancelReason.TIMED_OUT);
    }

    /** Whether it tells more than what lacked these parts. */
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
