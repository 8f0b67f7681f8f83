package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunEnd.Part;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.RunState.Explaining;
import org.jspecify.annotations.Nullable;

/**
 * The end of a run was told without all of its details: they are asked for until they are there or patience is over, and told
 * in one event more. Steps that came late also tell which artifacts are to be collected.
 */
final class ExplainPhase {

    private ExplainPhase() {}

    /** What is still to be explained of an end; null: nothing. Without artifacts the steps of a good end matter to nobody. */
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
        if (explaining == null || input.attempt() != explaining.tries()) {
            return Decision.NOTHING;
        }
        RunEnd end = input.end();
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        RunState.Collecting state = before.asked(end.trouble(), now);
        boolean stepsCame = lacksSteps(explaining.missing()) && !lacksSteps(end.missing());
        if (stepsCame) {
            state = CollectPhase.withoutAbsent(
                    builder,
                    state.with(StepChoice.wanted(entry.openCommand().options().artifacts(), end.steps())),
                    end);
        }
        if (end.isComplete() || isOver(state, explaining, end, now)) {
            return told(builder, entry, state.with((Explaining) null), explaining, end, stepsCame, policy);
        }
        Set<Part> missing = lacksSteps(end.missing()) ? explaining.missing() : end.missing();
        Explaining next = new Explaining(explaining.untold(), missing, explaining.tries() + 1);
        state = state.with(next);
        if (stepsCame && state.canCollect()) {
            builder.then(CollectPhase.collect(entry, state));
        }
        return builder.then(again(entry, state, next, now.plus(BackOff.after(explaining.tries()))))
                .to(state);
    }

    /** Patience is over; but what was there before, and only now cannot be read again, is asked for once more. */
    private static boolean isOver(RunState.Collecting state, Explaining explaining, RunEnd end, Instant now) {
        boolean cameMeanwhile = lacksSteps(end.missing()) && RunEnd.isMore(explaining.missing(), explaining.untold());
        boolean wasThere =
                !(end.trouble() instanceof CallFailure.NotFound) && (cameMeanwhile || !hasWhatWasTold(end, explaining));
        @Nullable Instant latest = state.latest();
        return !now.isBefore(state.until()) && !(wasThere && latest != null && now.isBefore(latest));
    }

    private static Decision told(
            DecisionBuilder builder,
            RunEntry entry,
            RunState.Collecting state,
            Explaining explaining,
            RunEnd end,
            boolean stepsCame,
            Policy policy) {
        RunSnapshot run = end.run().status().equals(state.run().status()) ? end.run() : state.run();
        if (end.failure() != null
                && RunEnd.isFailure(run)
                && hasWhatWasTold(end, explaining)
                && adds(end.failure(), explaining.untold())) {
            builder.emit(
                    EventType.RUN_FAILURE_EXPLAINED,
                    run,
                    builder.ofRun(run, null, end.failure(), state.reason(), null));
        }
        if (lacksSteps(explaining.missing()) && !stepsCame) {
            String why = end.trouble() == null
                    ? "the run's steps could not be read"
                    : end.trouble().detail();
            List<Input.ArtifactsCollected.Unavailable> all =
                    CollectPhase.nothing(entry, state, why).notYet();
            return CollectPhase.notInTime(builder, state, all, policy);
        }
        if (stepsCame && state.canCollect()) {
            builder.then(CollectPhase.collect(entry, state));
        }
        return CollectPhase.settle(builder, state);
    }

    /** Whether nothing is missing that was told with the end: an explanation takes the place of what was told. */
    private static boolean hasWhatWasTold(RunEnd end, Explaining explaining) {
        return lacksSteps(explaining.untold()) || explaining.untold().containsAll(end.missing());
    }

    /** Whether there is now what was not told then; that nothing is to come after all is no news. */
    private static boolean adds(RunFailure failure, Set<Part> untold) {
        @Nullable RunStep step = failure.step();
        return lacksSteps(untold)
                || (untold.contains(Part.LOG) && step != null && !step.logTail().isBlank())
                || (untold.contains(Part.NODES) && !failure.nodes().isEmpty());
    }

    private static boolean lacksSteps(Set<Part> missing) {
        return missing.contains(Part.STEPS);
    }
}
