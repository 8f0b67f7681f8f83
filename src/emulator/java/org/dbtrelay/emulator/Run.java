package org.dbtrelay.emulator;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One run. Once it has left the queue its whole future is known, as instants; a cancel or a command from a test changes
 * them. Guarded by {@link RunLife}.
 */
final class Run {
    final long id;
    final long triggerId;
    final EmulatedJob job;
    final RunTrigger trigger;
    final RunPlan plan;
    final Instant createdAt;
    final @Nullable Long retryingRunId;
    /** For a retry: the command that failed, and those after it; null for an ordinary run. */
    final @Nullable List<String> resumedCommands;

    @Nullable
    Instant dequeuedAt;

    @Nullable
    Instant startsAt;

    @Nullable
    Instant endsAt;

    RunStatus end;

    @Nullable
    String endMessage;

    boolean cancelled;
    boolean timedOut;
    /** A code shown in place of the true status, which goes on by itself. */
    @Nullable
    Integer shownStatus;

    Instant hiddenFromListsUntil = Instant.MIN;
    Instant hiddenFromGetUntil = Instant.MIN;

    Run(
            long id,
            long triggerId,
            EmulatedJob job,
            RunTrigger trigger,
            RunPlan plan,
            Instant createdAt,
            @Nullable Long retryingRunId,
            @Nullable List<String> resumedCommands) {
        this.id = id;
        this.triggerId = triggerId;
        this.job = job;
        this.trigger = trigger;
        this.plan = plan;
        this.createdAt = createdAt;
        this.retryingRunId = retryingRunId;
        this.resumedCommands = resumedCommands;
        this.end = plan.end();
        this.endMessage = plan.statusMessage();
    }

    /** A run by another that succeeded and took no time. */
    static Run ended(long id, EmulatedJob job, Instant when) {
        RunTrigger trigger = RunTrigger.of("scheduled", "scheduled");
        Run run = new Run(id, id + 1, job, trigger, RunPlan.succeeding(), when, null, null);
        run.dequeuedAt = when;
        run.startsAt = when;
        run.endsAt = when;
        return run;
    }

    RunStatus status(Instant now) {
        if (endsAt != null && !now.isBefore(endsAt)) {
            return end;
        }
        if (startsAt != null && !now.isBefore(startsAt)) {
            return RunStatus.RUNNING;
        }
        return dequeuedAt != null && !now.isBefore(dequeuedAt) ? RunStatus.STARTING : RunStatus.QUEUED;
    }

    /** The code to show, which a test may have set to another one. */
    int shownCode(Instant now) {
        return shownStatus != null ? shownStatus : status(now).code();
    }

    boolean isOver(Instant now) {
        return endsAt != null && !now.isBefore(endsAt);
    }

    /** Takes the run out of the queue at {@code when} and settles when it will start and end; a time-out counts {@code speed} times faster. */
    void dequeue(Instant when, double speed) {
        dequeuedAt = when;
        Instant start = when.plus(plan.starting());
        startsAt = start;
        Duration running = plan.running();
        int timeout = timeoutSeconds();
        Duration limit = RunPlan.divided(Duration.ofSeconds(timeout), speed);
        if (timeout > 0 && (running == null || running.compareTo(limit) > 0)) {
            endsAt = start.plus(limit);
            end = RunStatus.CANCELLED;
            timedOut = true;
            endMessage = "This run timed out after running for " + Humanized.duration(Duration.ofSeconds(timeout))
                    + ", which exceeded the configured timeout of " + timeout + " seconds.";
        } else if (running != null) {
            endsAt = start.plus(running);
        }
    }

    /** Ends the run at {@code when}, whatever it was to do. */
    void endAt(Instant when, RunStatus status, @Nullable String message) {
        if (startsAt != null && startsAt.isAfter(when)) {
            startsAt = null;
        }
        endsAt = when;
        end = status;
        endMessage = message;
        timedOut = false;
    }

    /** Seconds that the run may take, 0 for no limit; a timeout of the trigger goes before the job's. */
    int timeoutSeconds() {
        Integer override = trigger.timeoutOverride();
        return override != null ? override : job.timeoutSeconds();
    }
}
