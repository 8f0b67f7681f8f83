package org.dbtrelay.run.event;

import org.dbtrelay.run.job.JobRunStatus;
import org.jspecify.annotations.Nullable;

/** The types of events; the closed list of the contract. */
public enum EventType {
    COMMAND_ACCEPTED("command.accepted"),
    COMMAND_REJECTED("command.rejected"),
    COMMAND_COMPLETED("command.completed"),
    RUN_QUEUED("run.queued"),
    RUN_STARTING("run.starting"),
    RUN_RUNNING("run.running"),
    RUN_SUCCEEDED("run.succeeded"),
    RUN_FAILED("run.failed"),
    RUN_CANCELLED("run.cancelled"),
    /** A run failed, and the relay starts another one for the command: no end. */
    RUN_ATTEMPT_FAILED("run.attempt_failed"),
    /** Why a run failed, where that came too late for the event that told of its end. */
    RUN_FAILURE_EXPLAINED("run.failure_explained"),
    RUN_ABANDONED("run.abandoned"),
    /** A run that carries a command's marker and is not its run. */
    RUN_STRAY("run.stray"),
    ARTIFACT_READY("artifact.ready"),
    ARTIFACT_UNAVAILABLE("artifact.unavailable");

    private final String wireName;

    EventType(String wireName) {
        this.wireName = wireName;
    }

    /** As it stands in an event's data; CloudEvents types have {@code org.dbtrelay.} in front. */
    public String wireName() {
        return wireName;
    }

    /** The status of a run whose end this tells of; null if it tells of no run's end. */
    @Nullable
    public JobRunStatus runStatus() {
        return switch (this) {
            case RUN_SUCCEEDED -> JobRunStatus.Known.SUCCESS;
            case RUN_FAILED -> JobRunStatus.Known.ERROR;
            case RUN_CANCELLED -> JobRunStatus.Known.CANCELLED;
            case COMMAND_ACCEPTED,
                    COMMAND_REJECTED,
                    COMMAND_COMPLETED,
                    RUN_QUEUED,
                    RUN_STARTING,
                    RUN_RUNNING,
                    RUN_ATTEMPT_FAILED,
                    RUN_FAILURE_EXPLAINED,
                    RUN_ABANDONED,
                    RUN_STRAY,
                    ARTIFACT_READY,
                    ARTIFACT_UNAVAILABLE -> null;
        };
    }

    /** The type that tells of a run in the given status. */
    public static EventType of(JobRunStatus.Known status) {
        return switch (status) {
            case QUEUED -> RUN_QUEUED;
            case STARTING -> RUN_STARTING;
            case RUNNING -> RUN_RUNNING;
            case SUCCESS -> RUN_SUCCEEDED;
            case ERROR -> RUN_FAILED;
            case CANCELLED -> RUN_CANCELLED;
        };
    }
}
