package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.decide.Input.ArtifactsCollected.Unavailable;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.Engine;
import org.dbtrelay.run.job.FailedNode.Source;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunEnd.Part;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.job.WantedArtifact;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.RunState.Explaining;
import org.jspecify.annotations.Nullable;

/**
 * The run has ended and its end is told. The relay tells of the artifacts as they come, and of details of the end that it
 * could not tell with it, until patience is over.
 */
final class CollectDecisions {

    private CollectDecisions() {}

    /** The builder has the event of the end; the relay asks for the rest. */
    static Decision begin(
            DecisionBuilder builder,
            String commandId,
            ResolvedCommand resolved,
            RunEnd end,
            EventType outcome,
            @Nullable String reason,
            Instant now,
            Policy policy) {
        List<WantedArtifact> wanted = wanted(resolved, end);
        @Nullable Explaining explaining = owed(end, !wanted.isEmpty());
        RunState.Collecting state = withoutAbsent(
                builder,
                RunState.Collecting.begin(
                        end.run(), outcome, reason, wanted, explaining, now, policy.artifactPatience()),
                end);
        if (state.canCollect()) {
            builder.then(collect(commandId, resolved, state, end.steps()));
        }
        if (explaining != null) {
            builder.then(again(commandId, resolved, end.run(), explaining, now.plus(BackOff.after(0))));
        }
        return settle(state.isDone() ? builder : builder.wakeAt(state.over()), state);
    }

    /**
     * The command ends with a run that has failed, although another one might have followed.
     *
     * @param previous the status that was told last; null: it is the same, or none was told
     * @param message why none does; null: the failure is none that passes by itself
     */
    static Decision failed(
            RunEntry entry,
            RunEnd end,
            @Nullable JobRunStatus previous,
            @Nullable String message,
            Instant now,
            Policy policy) {
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        builder.emit(EventType.RUN_FAILED, end.run(), builder.ofRun(end.run(), previous, end.failure(), null, message));
        return begin(builder, entry.commandId(), entry.openCommand(), end, EventType.RUN_FAILED, null, now, policy);
    }

    /**
     * There is no other run after all: the command ends with the run that has failed last. Why that failed was told; it is read and told
     * again, as after any end, because the artifacts need the run's steps.
     *
     * @param message why there is no other
     */
    static Decision endAfterFailed(RunEntry entry, String message, Instant now, Policy policy) {
        @Nullable RunSnapshot last = entry.failedRun();
        if (last == null) {
            throw new IllegalStateException("no run has failed");
        }
        return failed(entry, RunEnd.unread(last, null), null, message, now, policy);
    }

    private static List<WantedArtifact> wanted(ResolvedCommand resolved, RunEnd end) {
        return StepChoice.wanted(
                resolved.options().artifacts(),
                end.steps(),
                Engine.of(end.run().details().dbtVersion()));
    }

    /** Tells of artifacts of a step that the run does not have, as soon as the steps are known. */
    static RunState.Collecting withoutAbsent(DecisionBuilder builder, RunState.Collecting state, RunEnd end) {
        if (end.missing().contains(RunEnd.Part.STEPS)) {
            return state;
        }
        List<WantedArtifact> absent = StepChoice.absent(state.remaining(), end.steps());
        for (WantedArtifact artifact : absent) {
            unavailable(
                    builder,
                    state.run(),
                    artifact,
                    UnavailableReason.NOT_PRODUCED,
                    "the run has no step " + artifact.step() + "; it has "
                            + end.steps().size());
        }
        return state.with(state.remaining().stream()
                .filter(artifact -> !absent.contains(artifact))
                .toList());
    }

    static Decision collecting(
            RunEntry entry, RunState.Collecting state, Input.CommandInput input, Instant now, Policy policy) {
        return switch (input) {
            case Input.ArtifactsCollected collected -> collected(entry, state.asked(null, now), collected, now, policy);
            case Input.CallFailed(Action.CollectArtifacts collect, CallFailure failure) ->
                collected(entry, state.asked(failure, now), nothing(entry, state, failure.detail(), now), now, policy);
            case Input.EndExplained explained -> explained(entry, state, explained, now, policy);
            case Input.TimerFired fired when !now.isBefore(state.over()) -> overdue(entry, state, now, policy);
            case Input.TimerFired fired ->
                state.isToCollect(now) ? Decision.only(collect(entry, state)) : Decision.NOTHING;
            case Input.Restored restored -> restored(entry, state, now);
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    private static Decision restored(RunEntry entry, RunState.Collecting state, Instant now) {
        DecisionBuilder builder = DecisionBuilder.of(entry, now).wakeAt(state.over());
        if (state.canCollect()) {
            builder.then(collect(entry, state));
        }
        if (state.explaining() != null) {
            builder.then(again(entry, state, state.explaining(), now));
        }
        return builder.unchanged();
    }

    private static Decision collected(
            RunEntry entry, RunState.Collecting state, Input.ArtifactsCollected input, Instant now, Policy policy) {
        if (!state.canCollect()) {
            return Decision.NOTHING;
        }
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        RunSnapshot run = state.run();
        for (StoredArtifact artifact : input.ready()) {
            if (isRemaining(state, artifact.wanted())) {
                builder.emit(EventType.ARTIFACT_READY, run, new RunEvent.OfArtifact(artifact));
            }
        }
        for (Unavailable missing : input.unavailable()) {
            if (state.remaining().contains(missing.artifact())) {
                unavailable(builder, run, missing.artifact(), missing.reason(), missing.message());
            }
        }
        List<Unavailable> notYet = input.notYet().stream()
                .filter(missing -> state.remaining().contains(missing.artifact()))
                .toList();
        if (!notYet.isEmpty() && input.begun().isBefore(state.until())) {
            List<WantedArtifact> remaining =
                    notYet.stream().map(Unavailable::artifact).toList();
            Instant again = state.again(state.tries(), input.begun(), now);
            return builder.wakeAt(again).to(state.with(remaining).collectAgainAt(again));
        }
        return notInTime(builder, state, notYet, policy);
    }

    private static boolean isRemaining(RunState.Collecting state, WantedArtifact found) {
        return state.remaining().stream().anyMatch(wanted -> wanted.isMetBy(found));
    }

    /** Not even an answer has come: the account has no request to spare for what is in no hurry, or dbt Cloud says nothing. */
    private static Decision overdue(RunEntry entry, RunState.Collecting state, Instant now, Policy policy) {
        List<Unavailable> all =
                nothing(entry, state, "dbt Cloud has not answered", now).notYet();
        return notInTime(DecisionBuilder.of(entry, now), state.with((Explaining) null), all, policy);
    }

    /** Gives up the artifacts that have not come. */
    static Decision notInTime(
            DecisionBuilder builder, RunState.Collecting state, List<Unavailable> notYet, Policy policy) {
        String patience = "relay.artifacts.patience (" + policy.artifactPatience() + ")";
        for (Unavailable missing : notYet) {
            String tried = missing.reason() == UnavailableReason.NOT_FOUND_IN_TIME
                    ? "it could not be had within " + patience + ": "
                    : "tried until " + patience + " was over: ";
            unavailable(builder, state.run(), missing.artifact(), missing.reason(), tried + missing.message());
        }
        return settle(builder, state.with(List.of()));
    }

    /** Not one of those that remain can be had, for the same reason. */
    static Input.ArtifactsCollected nothing(RunEntry entry, RunState.Collecting state, String why, Instant now) {
        List<Unavailable> all = state.remaining().stream()
                .map(wanted -> new Unavailable(wanted, UnavailableReason.NOT_FOUND_IN_TIME, why))
                .toList();
        return new Input.ArtifactsCollected(entry.commandId(), now, List.of(), List.of(), all);
    }

    /** The command is over when all is told. */
    static Decision settle(DecisionBuilder builder, RunState.Collecting state) {
        return state.isDone()
                ? builder.finish(state.outcome(), state.reason(), state.run().runId())
                : builder.to(state);
    }

    /** Gives up all that is still to come. After an internal error it tells nothing more: the error may be in that very event. */
    static Decision giveUp(
            RunEntry entry, RunState.Collecting state, AbandonReason reason, String message, Instant now) {
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        if (reason == AbandonReason.OPERATOR) {
            for (WantedArtifact artifact : state.remaining()) {
                unavailable(builder, state.run(), artifact, UnavailableReason.NOT_FOUND_IN_TIME, message);
            }
        }
        return builder.finish(state.outcome(), state.reason(), state.run().runId());
    }

    private static void unavailable(
            DecisionBuilder builder,
            RunSnapshot run,
            WantedArtifact artifact,
            UnavailableReason reason,
            String message) {
        builder.emit(EventType.ARTIFACT_UNAVAILABLE, run, new RunEvent.OfMissingArtifact(artifact, reason, message));
    }

    static Action collect(RunEntry entry, RunState.Collecting state) {
        return collect(entry.commandId(), entry.openCommand(), state, List.of());
    }

    /**
     * As above, when the run's steps have just been read, so the collector need not read them again. When they began matters only where
     * one may have been cut before it wrote its files; of a run that succeeded each step wrote its own.
     */
    private static Action collect(
            String commandId, ResolvedCommand resolved, RunState.Collecting state, List<RunStep> steps) {
        Map<Integer, Instant> begun = new HashMap<>();
        if (state.run().status() != JobRunStatus.Known.SUCCESS) {
            for (RunStep step : steps) {
                if (step.startedAt() != null) {
                    begun.put(step.index(), step.startedAt());
                }
            }
        }
        return new Action.CollectArtifacts(
                commandId, resolved.target(), state.run(), state.remaining(), Map.copyOf(begun));
    }

    /** The parts of an end that are still to be explained; null: none. Without artifacts nobody needs the steps of a good end. */
    static @Nullable Explaining owed(RunEnd end, boolean wantsArtifacts) {
        boolean matters = RunEnd.isFailure(end.run()) || (wantsArtifacts && lacksSteps(end.missing()));
        return end.isComplete() || !matters ? null : new Explaining(end.missing(), end.missing(), 0);
    }

    static Action again(RunEntry entry, RunState.Collecting state, Explaining explaining, Instant due) {
        return again(entry.commandId(), entry.openCommand(), state.run(), explaining, due);
    }

    static Action again(
            String commandId, ResolvedCommand resolved, RunSnapshot run, Explaining explaining, Instant due) {
        return new Action.ExplainEnd(commandId, resolved.target(), run, explaining.tries(), due);
    }

    static Decision explained(
            RunEntry entry, RunState.Collecting before, Input.EndExplained input, Instant now, Policy policy) {
        @Nullable Explaining explaining = before.explaining();
        boolean ofAnother = input.end().run().runId() != before.run().runId();
        if (explaining == null || input.attempt() != explaining.tries() || ofAnother) {
            return Decision.NOTHING;
        }
        RunEnd end = input.end();
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        RunState.Collecting state = before.asked(end.trouble(), now);
        boolean stepsCame = lacksSteps(explaining.missing()) && !lacksSteps(end.missing());
        if (stepsCame) {
            state = withoutAbsent(builder, state.with(wanted(entry.openCommand(), end)), end);
        }
        if (end.isComplete() || isOver(state, explaining, input, now)) {
            return told(builder, entry, state.with((Explaining) null), explaining, end, stepsCame, now, policy);
        }
        Set<Part> missing = lacksSteps(end.missing()) ? explaining.missing() : end.missing();
        Explaining next = new Explaining(explaining.untold(), missing, explaining.tries() + 1);
        state = state.with(next);
        if (stepsCame && state.canCollect()) {
            builder.then(collect(entry.commandId(), entry.openCommand(), state, end.steps()));
        }
        return builder.then(again(entry, state, next, state.again(explaining.tries(), input.asOf(now), now)))
                .to(state);
    }

    /**
     * The relay has read the end since patience is over, so it has all that came in time; but it reads once more if now a part cannot
     * be read that was there before.
     */
    private static boolean isOver(
            RunState.Collecting state, Explaining explaining, Input.EndExplained input, Instant now) {
        RunEnd end = input.end();
        boolean cameMeanwhile = lacksSteps(end.missing()) && RunEnd.isMore(explaining.missing(), explaining.untold());
        boolean wasThere =
                !(end.trouble() instanceof CallFailure.NotFound) && (cameMeanwhile || !hasWhatWasTold(end, explaining));
        return !input.asOf(now).isBefore(state.until()) && !(wasThere && now.isBefore(state.latest()));
    }

    private static Decision told(
            DecisionBuilder builder,
            RunEntry entry,
            RunState.Collecting state,
            Explaining explaining,
            RunEnd end,
            boolean stepsCame,
            Instant now,
            Policy policy) {
        RunSnapshot run =
                end.run().status().equals(state.run().status()) ? end.run().after(state.run()) : state.run();
        if (end.failure() != null
                && RunEnd.isFailure(run)
                && hasWhatWasTold(end, explaining)
                && adds(end, end.failure(), explaining.untold())) {
            builder.emit(
                    EventType.RUN_FAILURE_EXPLAINED,
                    run,
                    builder.ofRun(run, null, end.failure(), state.reason(), null));
        }
        boolean stillNoSteps = lacksSteps(explaining.missing()) && !stepsCame;
        if (stillNoSteps && end.trouble() != null) {
            List<Input.ArtifactsCollected.Unavailable> all =
                    nothing(entry, state, end.trouble().detail(), now).notYet();
            return notInTime(builder, state, all, policy);
        }
        // dbt Cloud answers and names no steps: its default, the last step, is all that can be asked for, and once.
        if ((stepsCame || stillNoSteps) && state.canCollect()) {
            builder.then(collect(entry.commandId(), entry.openCommand(), state, end.steps()));
        }
        return settle(builder, state);
    }

    /** Whether it has all that was told with the end, for an explanation replaces that. */
    private static boolean hasWhatWasTold(RunEnd end, Explaining explaining) {
        return lacksSteps(explaining.untold()) || explaining.untold().containsAll(end.missing());
    }

    /** Whether it has something that was not told then. */
    private static boolean adds(RunEnd end, RunFailure failure, Set<Part> untold) {
        @Nullable RunStep step = failure.step();
        return (lacksSteps(untold) && step != null)
                || (untold.contains(Part.LOG)
                        && !end.missing().contains(Part.LOG)
                        && step != null
                        && !step.logTail().isBlank())
                || (untold.contains(Part.NODES)
                        && failure.nodes().stream().anyMatch(node -> node.source() == Source.ARTIFACT));
    }

    private static boolean lacksSteps(Set<Part> missing) {
        return missing.contains(Part.STEPS);
    }
}
