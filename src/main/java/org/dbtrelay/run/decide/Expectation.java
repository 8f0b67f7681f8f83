package org.dbtrelay.run.decide;

import java.util.Set;
import java.util.stream.Collectors;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * The statuses that a command expects of its run. Only a {@code follow} can expect some; all others take the end as it is.
 *
 * @param statuses that end the wait as hoped; empty: any end
 */
record Expectation(Set<JobRunStatus.Known> statuses) {

    /** The reason of a {@code run.failed} whose run has ended, but not as expected. */
    static final String UNEXPECTED_STATUS = "unexpected_status";

    static Expectation of(Task task) {
        return new Expectation(task instanceof Task.Follow follow ? follow.expected() : Set.of());
    }

    /**
     * Whether the run is where the wait ends. Statuses come in one order, and a poll can miss one: who hoped for
     * {@code starting} is content with {@code running}, and with any end of a run that has been started.
     */
    boolean isMetBy(RunSnapshot run) {
        return statuses.contains(run.status()) || statuses.stream().anyMatch(status -> hasPassed(run, status));
    }

    private static boolean hasPassed(RunSnapshot run, JobRunStatus.Known status) {
        boolean later = !status.isTerminal() && run.status().code() > status.code();
        return later && (run.startedAt() != null || !run.status().isTerminal());
    }

    private boolean isDashedBy(RunSnapshot run) {
        return !statuses.isEmpty() && !isMetBy(run);
    }

    /** The type of the event that tells of the run's end. */
    EventType outcome(RunSnapshot run, JobRunStatus.Known status) {
        return isDashedBy(run) ? EventType.RUN_FAILED : EventType.of(status);
    }

    /** The wire name of the reason in it; null if it has none. */
    @Nullable
    String reason(RunSnapshot run, JobRunStatus.Known status, @Nullable CancelReason asked) {
        if (isDashedBy(run) && status != JobRunStatus.Known.ERROR) {
            return UNEXPECTED_STATUS;
        }
        return status == JobRunStatus.Known.CANCELLED
                ? (asked == null ? CancelReason.of(run) : asked).wireName()
                : null;
    }

    /** The message in it; null if it has none. */
    @Nullable
    String message(RunSnapshot run) {
        return isDashedBy(run)
                ? "the run has ended as " + run.status().label() + "; expected was "
                        + statuses.stream()
                                .sorted()
                                .map(JobRunStatus.Known::label)
                                .collect(Collectors.joining(" or "))
                : null;
    }
}
