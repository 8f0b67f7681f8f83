package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;

/**
 * A trigger whose fate is unclear: its run is looked for by the marker, until W is over. Only then may there be another
 * trigger.
 */
final class LookPhase {

    /** How far the clock of dbt Cloud may be behind the relay's where the ids of the runs do not tell what is older. */
    private static final Duration CLOCK_SLACK = Duration.ofMinutes(15);

    private static final int MAX_STARTS = 5;

    private LookPhase() {}

    /** In doubt from now on: W is counted from here, by the clock of whoever is in doubt. */
    static Decision begin(RunEntry entry, RunState.Starting state, Instant now, Policy policy) {
        return Draft.of(entry, now)
                .then(search(entry, state.starts(), policy))
                .to(new RunState.Looking(state.starts(), now, 0));
    }

    static Decision looking(RunEntry entry, RunState.Looking state, Input.About input, Instant now, Policy policy) {
        return switch (input) {
            case Input.Started started
            when started.attempt() == state.attempt() ->
                FollowPhase.begin(Draft.of(entry, now), entry, started.run(), now);
            case Input.LookedUp looked
            when looked.attempt() == state.attempt() ->
                looked.run() == null
                        ? notFound(entry, state, looked.begunAt(), now, policy)
                        : FollowPhase.begin(Draft.of(entry, now).adopted(), entry, looked.run(), now);
            case Input.CallFailed failed ->
                Decision.only(new Action.WakeAt(entry.commandId(), now.plus(RunMachine.backOff(state.looks()))));
            case Input.Woken woken -> Decision.only(search(entry, state.starts(), policy));
            case Input.Restored restored ->
                Draft.of(entry, now)
                        .then(search(entry, state.starts(), policy))
                        .then(new Action.WakeAt(
                                entry.commandId(), entry.openOrder().deadline()))
                        .to(new RunState.Looking(state.starts(), now, 0));
            case Input.About other -> Decision.NOTHING;
        };
    }

    private static Decision notFound(
            RunEntry entry, RunState.Looking state, Instant lookBegunAt, Instant now, Policy policy) {
        if (lookBegunAt.isBefore(state.since().plus(policy.unclearWait()))) {
            Instant next = now.plus(RunMachine.backOff(state.looks()));
            Instant lastLook = state.since().plus(policy.unclearWait());
            return Draft.of(entry, now)
                    .then(new Action.WakeAt(entry.commandId(), next.isAfter(lastLook) ? latest(now, lastLook) : next))
                    .to(new RunState.Looking(state.starts(), state.since(), state.looks() + 1));
        }
        Order order = entry.openOrder();
        if (order.parkUnclear()) {
            return abandoned(
                    entry,
                    AbandonReason.START_UNCLEAR,
                    "the trigger's answer was lost and no run with its marker has appeared; as ordered, it is not tried"
                            + " again",
                    now);
        }
        if (!now.isBefore(order.deadline())) {
            return abandoned(entry, AbandonReason.DEADLINE, "the time-out passed before a run could be started", now);
        }
        Starts starts = state.starts().notFound();
        if (starts.unclear() >= MAX_STARTS) {
            return abandoned(
                    entry,
                    AbandonReason.START_FAILED,
                    MAX_STARTS + " triggers in a row had no clear answer and left no run behind",
                    now);
        }
        return Draft.of(entry, now)
                .then(StartPhase.nextStep(entry.commandId(), order))
                .to(new RunState.Waiting(starts, 0, null));
    }

    private static Decision abandoned(RunEntry entry, AbandonReason reason, String message, Instant now) {
        return Draft.of(entry, now)
                .abandoned(null, reason, message)
                .finish(EventType.RUN_ABANDONED, reason.wireName(), null);
    }

    private static Instant latest(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private static Action search(RunEntry entry, Starts starts, Policy policy) {
        Order order = entry.openOrder();
        if (order.jobId() == null || starts.firstIntentAt() == null) {
            throw new IllegalStateException("in doubt about a start that never was");
        }
        return new Action.SearchMarker(
                entry.commandId(),
                starts.attempts(),
                RunMachine.target(order),
                order.jobId(),
                StartPhase.marker(entry, policy).text(),
                starts.newestRunId(),
                starts.firstIntentAt().minus(CLOCK_SLACK));
    }
}
