package org.dbtrelay.run;

import java.time.Instant;
import java.util.List;
import org.dbtrelay.run.Input.Collected.Unavailable;

/** The run has ended: its artifacts are told of as they are there, until patience is over. */
final class CollectPhase {

    private CollectPhase() {}

    static Decision collecting(
            RunEntry entry, RunState.Collecting state, Input.About input, Instant now, Policy policy) {
        return switch (input) {
            case Input.Collected collected -> collected(entry, state, collected, now, policy);
            case Input.CallFailed failed -> collected(entry, state, nothingOf(state, failed), now, policy);
            case Input.Woken woken -> Decision.only(collect(entry, state));
            case Input.Restored restored -> Decision.only(collect(entry, state));
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision collected(
            RunEntry entry, RunState.Collecting state, Input.Collected input, Instant now, Policy policy) {
        Draft draft = Draft.of(entry, now);
        RunSnapshot run = state.run();
        for (StoredArtifact artifact : input.ready()) {
            if (state.remaining().contains(artifact.wanted())) {
                draft.emit(EventType.ARTIFACT_READY, run, new RunEvent.OfArtifact(artifact));
            }
        }
        for (Unavailable missing : input.unavailable()) {
            if (state.remaining().contains(missing.artifact())) {
                unavailable(draft, run, missing.artifact(), missing.reason(), missing.message());
            }
        }
        List<Unavailable> notYet = input.notYet().stream()
                .filter(missing -> state.remaining().contains(missing.artifact()))
                .toList();
        if (!notYet.isEmpty() && now.isBefore(state.until())) {
            List<WantedArtifact> remaining =
                    notYet.stream().map(Unavailable::artifact).toList();
            return draft.then(new Action.WakeAt(entry.commandId(), now.plus(RunMachine.backOff(state.tries()))))
                    .to(new RunState.Collecting(
                            run, state.outcome(), state.reason(), remaining, state.until(), state.tries() + 1));
        }
        String patience = "relay.artifacts.patience (" + policy.artifactPatience() + ")";
        for (Unavailable missing : notYet) {
            String tried = missing.reason() == UnavailableReason.NOT_FOUND_IN_TIME
                    ? "it could not be had within " + patience + ": "
                    : "tried until " + patience + " was over: ";
            unavailable(draft, run, missing.artifact(), missing.reason(), tried + missing.message());
        }
        return draft.finish(state.outcome(), state.reason(), run.runId());
    }

    private static Input.Collected nothingOf(RunState.Collecting state, Input.CallFailed failed) {
        List<Unavailable> all = state.remaining().stream()
                .map(wanted -> new Unavailable(
                        wanted,
                        UnavailableReason.NOT_FOUND_IN_TIME,
                        failed.failure().detail()))
                .toList();
        return new Input.Collected(failed.commandId(), List.of(), List.of(), all);
    }

    /** What is still to come is not waited for. A fault tells nothing more: what it would tell may be what is wrong. */
    static Decision giveUp(
            RunEntry entry, RunState.Collecting state, AbandonReason reason, String message, Instant now) {
        Draft draft = Draft.of(entry, now);
        if (reason == AbandonReason.OPERATOR) {
            for (WantedArtifact artifact : state.remaining()) {
                unavailable(draft, state.run(), artifact, UnavailableReason.NOT_FOUND_IN_TIME, message);
            }
        }
        return draft.finish(state.outcome(), state.reason(), state.run().runId());
    }

    private static void unavailable(
            Draft draft, RunSnapshot run, WantedArtifact artifact, UnavailableReason reason, String message) {
        draft.emit(EventType.ARTIFACT_UNAVAILABLE, run, new RunEvent.OfMissingArtifact(artifact, reason, message));
    }

    private static Action collect(RunEntry entry, RunState.Collecting state) {
        return new Action.Collect(entry.commandId(), entry.openOrder().target(), state.run(), state.remaining());
    }
}
