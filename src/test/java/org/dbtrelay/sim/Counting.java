package org.dbtrelay.sim;

import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;

/** Counts what was decided: pairs of state and input, answers to starts, what became of commands whose job is busy. */
final class Counting {

    private Counting() {}

    static void count(Coverage coverage, RunEntry before, Input input, Decision decision) {
        String state = before == null ? "none" : before.state().getClass().getSimpleName();
        coverage.count("pair", state + " + " + input.getClass().getSimpleName());
        switch (input) {
            case Input.Started _ -> coverage.count("trigger", "Started");
            case Input.StartRefused _ -> coverage.count("trigger", "Refused");
            case Input.StartFailed failed ->
                coverage.count("trigger", failed.failure().getClass().getSimpleName());
            case Input.RunsInFlight seen -> busy(coverage, before, seen, decision);
            default -> {}
        }
        behind(coverage, before, input, decision);
        failure(coverage, before, input, decision);
        if (decision.entry() != null && decision.entry().state() instanceof RunState.Finished finished) {
            String name = before == null ? "Refused" : Tasks.name(before.resolved());
            String reason = finished.reason() == null ? "" : " " + finished.reason();
            coverage.count("end", name + ": " + finished.outcome().wireName() + reason);
        }
    }

    /** What dbt Cloud has in flight, or the relay. */
    private static void busy(Coverage coverage, RunEntry before, Input.RunsInFlight seen, Decision decision) {
        if (before == null || !(before.state() instanceof RunState.Waiting)) {
            return;
        }
        IfRunning word = before.openCommand().options().ifRunning();
        String what = decision.entry() == null
                ? "goes on"
                : switch (decision.entry().state()) {
                    case RunState.Following _ -> "follows";
                    case RunState.Finished _ -> "is rejected";
                    case RunState.Waiting _ -> "cancels and waits";
                    case RunState other -> other.label();
                };
        coverage.count("if_running", word + " " + what + (seen.runs().isEmpty() ? ", nothing listed" : ""));
    }

    /** How much of a failure is told, and when. */
    private static void failure(Coverage coverage, RunEntry before, Input input, Decision decision) {
        boolean explains =
                decision.events().stream().anyMatch(event -> event.type() == EventType.RUN_FAILURE_EXPLAINED);
        if (input instanceof Input.EndExplained late
                && before != null
                && before.state() instanceof RunState.Collecting stepless
                && stepless.explaining() != null
                && stepless.explaining().missing().contains(RunEnd.Part.STEPS)
                && late.end().trouble() == null
                && decision.actions().stream().anyMatch(Action.CollectArtifacts.class::isInstance)) {
            boolean came = !late.end().missing().contains(RunEnd.Part.STEPS);
            coverage.count(
                    "failure", came ? "steps came late" : "steps never came, the last one's artifacts are asked for");
        }
        if (explains) {
            coverage.count("failure", "explained later");
        } else if (input instanceof Input.EndExplained
                && before != null
                && before.state() instanceof RunState.Collecting owing
                && owing.explaining() != null
                && RunEnd.isFailure(owing.run())
                && decision.entry() != null
                && (!(decision.entry().state() instanceof RunState.Collecting left) || left.explaining() == null)) {
            coverage.count("failure", "never explained");
        } else if (input instanceof Input.RunEnded ended
                && RunEnd.isFailure(ended.end().run())) {
            boolean unread = ended.end().missing().contains(RunEnd.Part.STEPS);
            coverage.count(
                    "failure",
                    ended.end().isComplete() ? "told in full" : unread ? "told without its steps" : "told in part");
        }
    }

    /** What is ahead of it in the relay. */
    private static void behind(Coverage coverage, RunEntry before, Input input, Decision decision) {
        boolean enters = input instanceof Input.CommandReceived || input instanceof Input.JobFound;
        if (!enters || decision.entry() == null) {
            return;
        }
        boolean supersedes = decision.onward().stream()
                .anyMatch(it -> it instanceof Input.CancelRequested asked && asked.reason() == CancelReason.SUPERSEDED);
        if (supersedes) {
            coverage.count("if_running", "REPLACE supersedes one that waits");
        }
        ResolvedCommand order = before == null ? null : before.resolved();
        if (decision.entry().state() instanceof RunState.Finished finished
                && RejectReason.ALREADY_RUNNING.wireName().equals(finished.reason())
                && (order == null || before.state() instanceof RunState.Waiting)) {
            coverage.count("if_running", "SKIP is rejected, one is ahead");
        }
    }
}
