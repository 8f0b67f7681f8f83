package org.dbtrelay.flow;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.job.WantedArtifact;
import org.jspecify.annotations.Nullable;

/**
 * Calls about a run that several commands of a claim have: while one is under way, it is made for all of them. Nothing depends on it
 * but the number of requests: a thousand commands that share a run would else read its end, and fetch its artifacts, a thousand
 * times. A new claim waits for no call of an earlier one: its time may be nearly over, as after a freeze.
 */
final class SharedCalls {

    private final Map<Shared, List<Action.Call>> underWay = new HashMap<>();

    /** What is asked for, whoever asks. */
    private sealed interface What {
        record End(Target target, long runId) implements What {}

        record Explanation(Target target, long runId, Instant due) implements What {}

        record Cancellation(Target target, long runId) implements What {}

        record Artifacts(Target target, long runId, List<WantedArtifact> artifacts, Map<Integer, Instant> begun)
                implements What {}
    }

    /** The inbox is the claim's. */
    private record Shared(What what, Consumer<Input> inbox) {}

    /** The request of a call. */
    @FunctionalInterface
    interface Request {
        /** Makes it; its answer goes into the inbox, once. */
        void into(Consumer<Input> inbox);
    }

    /** Makes a call, or waits for the answer to one like it. */
    void call(Action.Call action, Consumer<Input> inbox, Request request) {
        @Nullable What what = what(action);
        if (what == null) {
            request.into(inbox);
            return;
        }
        Shared shared = new Shared(what, inbox);
        if (begin(shared, action)) {
            request.into(answer -> end(shared).forEach(own -> inbox.accept(answerTo(own, answer))));
        }
    }

    private synchronized boolean begin(Shared shared, Action.Call action) {
        List<Action.Call> calls = underWay.computeIfAbsent(shared, any -> new ArrayList<>());
        calls.add(action);
        return calls.size() == 1;
    }

    private synchronized List<Action.Call> end(Shared shared) {
        @Nullable List<Action.Call> calls = underWay.remove(shared);
        return calls == null ? List.of() : calls;
    }

    private static @Nullable What what(Action.Call action) {
        return switch (action) {
            case Action.ReadEnd read -> new What.End(read.target(), read.run().runId());
            case Action.ExplainEnd explain ->
                new What.Explanation(explain.target(), explain.run().runId(), explain.due());
            case Action.CancelRun cancel -> new What.Cancellation(cancel.target(), cancel.runId());
            case Action.CollectArtifacts collect ->
                new What.Artifacts(collect.target(), collect.run().runId(), collect.artifacts(), collect.begun());
            case Action.LookUpJob lookUp -> null;
            case Action.ReadJob read -> null;
            case Action.ReadRun read -> null;
            case Action.ReadNewestRun read -> null;
            case Action.ListInFlight list -> null;
            case Action.SearchMarker search -> null;
            case Action.SearchRetry search -> null;
            case Action.CancelOther cancel -> null;
            case Action.CancelQueued cancel -> null;
        };
    }

    /** The answer to one call as that to another one like it. */
    private static Input answerTo(Action.Call action, Input answer) {
        return switch (answer) {
            case Input.RunEnded ended -> new Input.RunEnded(action.commandId(), ended.end());
            case Input.EndExplained explained ->
                new Input.EndExplained(
                        action.commandId(),
                        action instanceof Action.ExplainEnd own ? own.attempt() : explained.attempt(),
                        explained.begun(),
                        explained.end());
            case Input.ArtifactsCollected collected ->
                new Input.ArtifactsCollected(
                        action.commandId(),
                        collected.begun(),
                        collected.ready(),
                        collected.unavailable(),
                        collected.notYet());
            case Input.RunObserved observed -> new Input.RunObserved(action.commandId(), observed.run());
            case Input.CallFailed failed -> new Input.CallFailed(action, failed.failure());
            case Input other -> other;
        };
    }
}
