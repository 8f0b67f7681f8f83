package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What follows from an input: one pure function from what is true, what happened, the time and the policy to what changes,
 * what is told and what is to be done. It never throws for an input that does not fit the state (a late answer, a second
 * one): that changes nothing.
 */
public final class RunMachine {

    private RunMachine() {}

    /**
     * Decides.
     *
     * @param entry the entry of the command that the input is about; null if there is none
     */
    public static Decision decide(@Nullable RunEntry entry, Input input, Instant now, Policy policy) {
        return switch (input) {
            case Input.Unreadable unreadable -> Decision.deadLetter(unreadable.verdict());
            case Input.Commanded commanded -> Acceptance.decide(entry, commanded, now, policy);
            // The partition's work tells each command about its own runs.
            case Input.Swept swept -> Decision.NOTHING;
            case Input.About about -> entry == null ? Decision.NOTHING : about(entry, about, now, policy);
        };
    }

    private static Decision about(RunEntry entry, Input.About input, Instant now, Policy policy) {
        if (input instanceof Input.Broken broken) {
            return broken(entry, broken, now);
        }
        if (input instanceof Input.Marked marked) {
            return StrayRuns.marked(entry, marked, now);
        }
        return switch (entry.state()) {
            case RunState.Waiting waiting -> StartPhase.waiting(entry, waiting, input, now, policy);
            case RunState.Starting starting -> StartPhase.starting(entry, starting, input, now, policy);
            case RunState.Looking looking -> LookPhase.looking(entry, looking, input, now, policy);
            case RunState.Following following -> FollowPhase.following(entry, following, input, now, policy);
            case RunState.Cancelling cancelling -> FollowPhase.cancelling(entry, cancelling, input, now, policy);
            case RunState.Collecting collecting -> CollectPhase.collecting(entry, collecting, input, now, policy);
            case RunState.Finished finished -> finished(entry, finished, input, now, policy);
        };
    }

    private static Decision finished(
            RunEntry entry, RunState.Finished finished, Input.About input, Instant now, Policy policy) {
        return input instanceof Input.Woken && finished.isForgotten(now, policy.retention())
                ? Decision.forget(entry.commandId())
                : Decision.NOTHING;
    }

    /** A fault of the relay ends this one command, never the partition; what it had told before stays told. */
    private static Decision broken(RunEntry entry, Input.Broken broken, Instant now) {
        return switch (entry.state()) {
            case RunState.Finished finished -> Decision.NOTHING;
            case RunState.Collecting collecting ->
                Draft.of(entry, now)
                        .finish(
                                EventType.of(
                                        (JobRunStatus.Known) collecting.run().status()),
                                collecting.reason(),
                                collecting.run().runId());
            case RunState.WithRun withRun ->
                Draft.of(entry, now)
                        .abandoned(withRun.run(), AbandonReason.INTERNAL, broken.message())
                        .finish(
                                EventType.RUN_ABANDONED,
                                AbandonReason.INTERNAL.wireName(),
                                withRun.run().runId());
            case RunState.Waiting waiting -> abandonWithoutRun(entry, broken, now);
            case RunState.Starting starting -> abandonWithoutRun(entry, broken, now);
            case RunState.Looking looking -> abandonWithoutRun(entry, broken, now);
        };
    }

    private static Decision abandonWithoutRun(RunEntry entry, Input.Broken broken, Instant now) {
        return Draft.of(entry, now)
                .abandoned(null, AbandonReason.INTERNAL, broken.message())
                .finish(EventType.RUN_ABANDONED, AbandonReason.INTERNAL.wireName(), null);
    }

    /** Doubling from a second to a minute. */
    static Duration backOff(int failures) {
        return Duration.ofSeconds(Math.min(60, 1L << Math.min(failures, 6)));
    }

    /** The connection and account that an order goes to. */
    static Action.Target target(Order order) {
        return new Action.Target(order.connection(), order.accountId());
    }
}
