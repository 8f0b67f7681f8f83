package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.state.BackOff;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartAttempts;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/**
 * A start whose fate is unclear: the relay searches for its run, by the marker or by the run that it retries, until W is over. Only
 * then may there be another start, and of a retry none at all.
 */
final class SearchDecisions {

    /** How far the clock of dbt Cloud may be behind the relay's where the ids of the runs do not tell what is older. */
    private static final Duration CLOCK_SLACK = Duration.ofMinutes(15);

    private static final int MAX_STARTS = 5;

    private SearchDecisions() {}

    /** In doubt from now on: W is counted from here, by the clock of whoever is in doubt. */
    static Decision begin(RunEntry entry, RunState.Starting state, Instant now, Policy policy) {
        return begin(DecisionBuilder.of(entry, now), entry, state.starts(), state.call(), now, policy);
    }

    /** A new owner is in doubt: the doubt begins anew, and the command may wait for another start after it. */
    static Decision restored(RunEntry entry, StartAttempts starts, StartCall call, Instant now, Policy policy) {
        DecisionBuilder builder = CommonDecisions.bounds(DecisionBuilder.of(entry, now), entry.openCommand());
        return begin(builder, entry, starts, call, now, policy);
    }

    private static Decision begin(
            DecisionBuilder builder, RunEntry entry, StartAttempts starts, StartCall call, Instant now, Policy policy) {
        RunState.Searching searching = RunState.Searching.begin(starts, call, now);
        return builder.then(search(entry, starts, call, policy))
                .wakeAt(over(entry, searching, policy))
                .to(searching);
    }

    /** When the relay gives up searches that dbt Cloud does not answer. */
    private static Instant over(RunEntry entry, RunState.Searching state, Policy policy) {
        Instant deadline = entry.openCommand().options().deadline();
        return CommonDecisions.latest(deadline, state.since().plus(policy.unclearWait()))
                .plus(CommonDecisions.LAST_POLL);
    }

    static Decision searching(
            RunEntry entry, RunState.Searching state, Input.CommandInput input, Instant now, Policy policy) {
        return switch (input) {
            case Input.Started started
            when started.attempt() == state.attempt() -> FollowDecisions.started(entry, started.run(), now);
            case Input.SearchResult searched
            when searched.attempt() == state.attempt() ->
                searched.run() == null
                        ? notFound(entry, state, searched.begunAt(), now, policy)
                        : FollowDecisions.found(entry, searched.run(), now);
            case Input.CallFailed(Action.SearchMarker search, CallFailure failure)
            when search.attempt() == state.attempt() -> searchFailed(entry, state, failure, now, policy);
            case Input.CallFailed(Action.SearchRetry search, CallFailure failure)
            when search.attempt() == state.attempt() -> searchFailed(entry, state, failure, now, policy);
            case Input.TimerFired fired
            when isOver(entry, state, now, policy) ->
                unclear(entry, "dbt Cloud has not answered the last search for it", now);
            case Input.TimerFired fired
            when state.isDue(now) -> Decision.only(search(entry, state.starts(), state.call(), policy));
            case Input.Restored restored -> restored(entry, state.starts(), state.call(), now, policy);
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    private static boolean isOver(RunEntry entry, RunState.Searching state, Instant now, Policy policy) {
        return !now.isBefore(over(entry, state, policy));
    }

    /** A search that failed says nothing. The relay repeats it, later each time, until nobody waits for the command any more. */
    private static Decision searchFailed(
            RunEntry entry, RunState.Searching state, CallFailure failure, Instant now, Policy policy) {
        if (isOver(entry, state, now, policy)) {
            return unclear(entry, "the last search for it failed: " + failure.detail(), now);
        }
        return pollAgain(entry, state, now.plus(BackOff.after(state.searches())), now);
    }

    private static Decision pollAgain(RunEntry entry, RunState.Searching state, Instant at, Instant now) {
        return DecisionBuilder.of(entry, now).wakeAt(at).to(state.searchAgainAt(at));
    }

    private static Decision unclear(RunEntry entry, String why, Instant now) {
        return DecisionBuilder.of(entry, now)
                .abandon(
                        null,
                        AbandonReason.START_UNCLEAR,
                        "the time-out passed, and it is not known whether a run was started: " + why);
    }

    private static Decision notFound(
            RunEntry entry, RunState.Searching state, Instant searchBegunAt, Instant now, Policy policy) {
        // Begun later than now: the clock was set back meanwhile, so nobody knows when it really began.
        if (searchBegunAt.isBefore(state.since().plus(policy.unclearWait())) || searchBegunAt.isAfter(now)) {
            Instant next = now.plus(BackOff.after(state.searches()));
            Instant lastSearch = state.since().plus(policy.unclearWait());
            return pollAgain(
                    entry, state, next.isAfter(lastSearch) ? CommonDecisions.latest(now, lastSearch) : next, now);
        }
        ResolvedCommand resolved = entry.openCommand();
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        if (!(state.call() instanceof StartCall.Trigger)) {
            return builder.abandon(
                    null,
                    AbandonReason.START_UNCLEAR,
                    state.starts()
                            .explain(
                                    "the answer of the retry was lost and no run of it has appeared; a retry carries no"
                                            + " marker, so it is not tried again"));
        }
        if (resolved.options().parkUnclear()) {
            return builder.abandon(
                    null,
                    AbandonReason.START_UNCLEAR,
                    state.starts()
                            .explain(
                                    "the trigger's answer was lost and no run with its marker has appeared; as ordered, it"
                                            + " is not tried again"));
        }
        if (!now.isBefore(resolved.options().deadline())) {
            if (entry.hasFailedRun() && state.starts().unclear() == 0) {
                return CollectDecisions.endAfterFailed(
                        entry, "the time-out passed before another run could be started", now, policy);
            }
            return builder.abandon(
                    null,
                    AbandonReason.DEADLINE,
                    state.starts().explain("the time-out passed before a run could be started"));
        }
        StartAttempts starts = state.starts().notFound();
        if (starts.unclear() >= MAX_STARTS) {
            return builder.abandon(
                    null,
                    AbandonReason.START_FAILED,
                    starts.explain(MAX_STARTS + " triggers in a row had no clear answer and left no run behind"));
        }
        return builder.to(new RunState.Waiting(starts, 0, null));
    }

    private static Action search(RunEntry entry, StartAttempts starts, StartCall call, Policy policy) {
        ResolvedCommand resolved = entry.openCommand();
        if (resolved.jobId() == null || starts.firstIntentAt() == null) {
            throw new IllegalStateException("in doubt about a start that never was");
        }
        return switch (call) {
            case StartCall.Trigger trigger ->
                new Action.SearchMarker(
                        entry.commandId(),
                        starts.attempts(),
                        resolved.target(),
                        resolved.jobId(),
                        CommonDecisions.marker(entry, policy).text(),
                        starts.newestRunId(),
                        starts.firstIntentAt().minus(CLOCK_SLACK),
                        Set.copyOf(entry.strays()));
            case StartCall.Retry(long runId) -> retryOf(runId, entry, starts, resolved.jobId());
        };
    }

    /** It is younger than the run that it retries, and than any that was known before. */
    private static Action retryOf(long retried, RunEntry entry, StartAttempts starts, long jobId) {
        @Nullable Long newest = starts.newestRunId();
        return new Action.SearchRetry(
                entry.commandId(),
                starts.attempts(),
                entry.openCommand().target(),
                jobId,
                retried,
                newest == null ? retried : Math.max(retried, newest));
    }
}
