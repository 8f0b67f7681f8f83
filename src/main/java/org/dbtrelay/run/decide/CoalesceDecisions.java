package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.dbtrelay.run.command.Coalesce;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.event.AbandonReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.JobStart;
import org.dbtrelay.run.state.Retries;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.Share;
import org.dbtrelay.run.state.StartAttempts;
import org.jspecify.annotations.Nullable;

/**
 * Commands that want the same run of a job have one together ({@code coalesce}). The first of them, in the order of their records, leads: it
 * alone has a turn, a slot and requests. The others are joined to it until it has a run; from then on each follows that run as if it were its
 * own. If the one that leads is over before, for a reason of its own, the next one leads.
 */
final class CoalesceDecisions {

    /** What is over for a command while another one starts its run is checked again after so long. */
    private static final Duration WHILE_STARTING = Duration.ofSeconds(10);

    private CoalesceDecisions() {}

    /**
     * The command has come to its job. It joins the one just before it, if that wants the same run and has not begun to start it. A command
     * between the two would want to be started between them.
     *
     * @return null: it joins none
     */
    static @Nullable Decision join(DecisionBuilder builder, RunEntry entry, JobQueues queues) {
        @Nullable RunEntry before = joins(entry) ? queues.justAheadOf(entry) : null;
        @Nullable Share share = before == null ? null : before.share();
        if (before == null || share == null || !isToBeJoined(before) || !wantSame(before, entry)) {
            return null;
        }
        return builder.share(share.join()).to(new RunState.Joined());
    }

    /** The command joins none, so others may join it. */
    static Decision open(
            DecisionBuilder builder, RunEntry entry, RunState.Waiting state, JobQueues queues, Instant now) {
        tellOpen(builder, queues.justAheadOf(entry));
        @Nullable
        Coalesce coalesce = joins(entry) ? entry.openCommand().options().coalesce() : null;
        if (coalesce == null) {
            return builder.to(state);
        }
        boolean waits = coalesce.quiet().isPositive() && coalesce.atMost().isPositive();
        Share share = Share.open(entry.commandId(), waits ? now.plus(coalesce.atMost()) : null);
        builder.share(share);
        @Nullable
        Instant closes = share.latest() == null ? null : coalesce.closesAt(share.latest(), entry.acceptedAt());
        return closes == null || !closes.isAfter(now)
                ? builder.share(share.closed()).to(state)
                : builder.wakeAt(closes).to(new RunState.Waiting(state.starts(), state.failures(), closes));
    }

    /** Nobody can join any more a command that is not the last of its job: it need not wait for that. */
    private static void tellOpen(DecisionBuilder builder, @Nullable RunEntry before) {
        if (before != null && before.share() != null && before.share().latest() != null) {
            builder.tell(new Input.TimerFired(before.commandId()));
        }
    }

    private static boolean joins(RunEntry entry) {
        ResolvedCommand resolved = entry.openCommand();
        return resolved.task() instanceof Task.Trigger trigger
                && !trigger.dryRun()
                && resolved.jobId() != null
                && resolved.options().coalesce() != null;
    }

    /** It has begun nothing that may have led to a run: a run from before a command had come is not what that one wants. */
    private static boolean isToBeJoined(RunEntry entry) {
        return entry.state() instanceof RunState.Waiting waiting
                && waiting.starts().unclear() == 0
                && !entry.hasFailedRun();
    }

    /** The same run, started in the same way and followed by the same others. */
    private static boolean wantSame(RunEntry one, RunEntry other) {
        ResolvedCommand first = one.openCommand();
        ResolvedCommand second = other.openCommand();
        return first.task() instanceof Task.Trigger trigger
                && second.task() instanceof Task.Trigger another
                && first.target().equals(second.target())
                && trigger.overrides().equals(another.overrides())
                && trigger.retryFromFailure() == another.retryFromFailure()
                && first.options().ifRunning() == second.options().ifRunning()
                && first.options().parkUnclear() == second.options().parkUnclear()
                && Objects.equals(first.options().onFailure(), second.options().onFailure());
    }

    /**
     * When a new owner finds an open window: commands that came while nobody could take them are still to be taken, and the quiet time
     * begins anew.
     *
     * @return null: the command has none that is open
     */
    static @Nullable Instant looksAfterClaim(RunEntry entry, JobQueues queues, Instant now) {
        @Nullable Share share = entry.share();
        @Nullable Coalesce coalesce = entry.openCommand().options().coalesce();
        if (share == null || share.latest() == null || coalesce == null || queues.windowClosesAt(entry) == null) {
            return null;
        }
        return CommonDecisions.latest(now, coalesce.closesAt(share.latest(), now));
    }

    /** The time of an open window may have come. */
    static Decision checkWindow(RunEntry entry, RunState.Waiting state, JobQueues queues, Instant now) {
        @Nullable Share share = entry.share();
        @Nullable Instant closes = queues.windowClosesAt(entry);
        if (share == null || closes == null) {
            return Decision.NOTHING;
        }
        @Nullable Coalesce coalesce = entry.openCommand().options().coalesce();
        Duration longest = coalesce == null ? Duration.ZERO : coalesce.quiet();
        // Later than the quiet time from now: a clock was set, or another machine's is wrong.
        boolean open = closes.isAfter(now) && !closes.isAfter(now.plus(longest)) && !queues.isAnotherBehind(entry);
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        return open
                ? builder.wakeAt(closes).unchanged()
                : builder.share(share.closed()).to(new RunState.Waiting(state.starts(), state.failures(), null));
    }

    /** The command is joined to one that leads. */
    static Decision joined(RunEntry entry, Input.CommandInput input, Instant now, Policy policy, JobQueues queues) {
        return switch (input) {
            case Input.CancelRequested asked
            when entry.hasFailedRun() ->
                CollectDecisions.endAfterFailed(
                        entry, "there is no other run, because the command was cancelled", now, policy);
            case Input.CancelRequested asked ->
                DecisionBuilder.of(entry, now).cancelled(asked.reason(), CommonDecisions.withoutRun(asked.reason()));
            case Input.RunHanded handed -> handed(entry, handed, now, policy);
            case Input.ShareEnded ended -> ended(entry, ended, now, policy);
            case Input.ShareMoved moved -> moved(entry, now, policy, queues);
            case Input.Restored restored -> restored(entry, now, policy, queues);
            case Input.TimerFired fired
            when CommonDecisions.isOver(entry.openCommand(), now) -> over(entry, now, policy, queues);
            case Input.CommandInput other -> Decision.NOTHING;
        };
    }

    /** The one that had the run has left it to this one. */
    static Decision handed(RunEntry entry, Input.RunHanded handed, Instant now, Policy policy) {
        return follow(entry, handed.by(), handed.run(), handed.adopted(), handed.startedAt(), now, policy);
    }

    private static Decision restored(RunEntry entry, Instant now, Policy policy, JobQueues queues) {
        Decision moved = moved(entry, now, policy, queues);
        if (!moved.equals(Decision.NOTHING)) {
            return moved.with(CommonDecisions.bounds(DecisionBuilder.of(entry, now), entry.openCommand())
                    .unchanged()
                    .actions());
        }
        return CommonDecisions.bounds(DecisionBuilder.of(entry, now), entry.openCommand())
                .unchanged();
    }

    /** Whoever leads has a run, or nobody does. */
    private static Decision moved(RunEntry entry, Instant now, Policy policy, JobQueues queues) {
        @Nullable Share share = entry.share();
        @Nullable RunEntry leader = share == null ? null : queues.leaderOf(share);
        if (leader == null || leader.commandId().equals(entry.commandId())) {
            return lead(entry, now, policy, queues);
        }
        @Nullable RunSnapshot run = newRunOf(leader, entry);
        return run == null
                ? Decision.NOTHING
                : follow(entry, starterOf(leader), run, leader.adopted(), startedAt(leader), now, policy);
    }

    /** The command pauses before another run, and whoever leads has the next one: its pause was the first to be over. */
    static Decision nextRun(RunEntry entry, Instant now, Policy policy, JobQueues queues) {
        @Nullable RunEntry leader = entry.share() == null ? null : queues.leaderOf(entry.share());
        @Nullable RunSnapshot run = leader == null ? null : newRunOf(leader, entry);
        return leader == null || run == null
                ? Decision.NOTHING
                : follow(entry, starterOf(leader), run, leader.adopted(), startedAt(leader), now, policy);
    }

    /** The command that has started the run of one: itself, or the one that led before and has left it. */
    private static String starterOf(RunEntry leader) {
        @Nullable String into = leader.share() == null ? null : leader.share().into();
        return into == null ? leader.commandId() : into;
    }

    /** The run of the one that leads, if another command has not had it yet; null: there is none. */
    private static @Nullable RunSnapshot newRunOf(RunEntry leader, RunEntry entry) {
        @Nullable RunSnapshot before = entry.failedRun();
        return leader.state() instanceof RunState.InFlight inFlight
                        && (before == null || before.runId() != inFlight.run().runId())
                ? inFlight.run()
                : null;
    }

    /** When the start of a command's run was decided; null: it was found, though an earlier start may have led to nothing. */
    private static @Nullable Instant startedAt(RunEntry leader) {
        @Nullable JobStart start = leader.started() ? leader.lastStart() : null;
        return start == null ? null : start.at();
    }

    /** From now on it is the one that starts the run. */
    private static Decision lead(RunEntry entry, Instant now, Policy policy, JobQueues queues) {
        RunState.Waiting again = new RunState.Waiting(StartAttempts.after(intents(entry)), 0, null);
        @Nullable Decision over = CommonDecisions.overOrNull(entry, again, now, policy);
        if (over != null) {
            return over;
        }
        @Nullable Share share = entry.share();
        @Nullable Coalesce coalesce = entry.openCommand().options().coalesce();
        DecisionBuilder builder = DecisionBuilder.of(entry, now);
        if (share == null || share.latest() == null || coalesce == null || entry.hasFailedRun()) {
            return builder.to(again);
        }
        Instant closes = coalesce.closesAt(share.latest(), queues.lastJoinedAt(entry));
        boolean wasClosed = queues.hasLateComers(entry) || queues.isAnotherBehind(builder.entry(again));
        return closes.isAfter(now) && !wasClosed
                ? builder.wakeAt(closes).to(new RunState.Waiting(again.starts(), 0, closes))
                : builder.share(share.closed()).to(again);
    }

    private static int intents(RunEntry entry) {
        @Nullable Retries retries = entry.retries();
        return retries == null ? 0 : retries.intents();
    }

    /**
     * It has the run that another one has started.
     *
     * @param adopted as that one has told of it
     * @param startedAt when its start was decided; null: it was found
     */
    private static Decision follow(
            RunEntry entry,
            String leader,
            RunSnapshot run,
            boolean adopted,
            @Nullable Instant startedAt,
            Instant now,
            Policy policy) {
        ResolvedCommand resolved = entry.openCommand();
        if (startedAt != null && resolved.isExpired(startedAt)) {
            // Its time came before the start was decided.
            return CommonDecisions.over(entry, new RunState.Waiting(StartAttempts.NONE, 0, null), now, policy);
        }
        @Nullable Share share = entry.share();
        DecisionBuilder builder = DecisionBuilder.of(entry, now).share(share == null ? null : share.in(leader));
        if (adopted) {
            builder.adopted();
        }
        boolean foreign = adopted && startedAt == null && resolved.options().ifRunning() == IfRunning.REUSE;
        return FollowDecisions.begin(
                builder, foreign ? resolved.on(resolved.options().following()) : resolved, run, now);
    }

    private static Decision ended(RunEntry entry, Input.ShareEnded ended, Instant now, Policy policy) {
        if (ended.abandoned() != null) {
            return DecisionBuilder.of(entry, now).abandon(null, ended.abandoned(), ended.message());
        }
        return entry.hasFailedRun() || ended.rejected() == null
                ? CollectDecisions.endAfterFailed(entry, ended.message(), now, policy)
                : DecisionBuilder.of(entry, now).rejected(ended.rejected(), ended.message());
    }

    /** Its time is over. What another one starts for it may be a run by now: only its time-out ends it then. */
    private static Decision over(RunEntry entry, Instant now, Policy policy, JobQueues queues) {
        @Nullable Share share = entry.share();
        @Nullable RunEntry leader = share == null ? null : queues.leaderOf(share);
        if (leader == null || !isStarting(leader.state()) || entry.hasFailedRun()) {
            return CommonDecisions.over(entry, new RunState.Waiting(StartAttempts.NONE, 0, null), now, policy);
        }
        return now.isBefore(entry.openCommand().options().deadline())
                ? DecisionBuilder.of(entry, now)
                        .wakeAt(now.plus(WHILE_STARTING))
                        .unchanged()
                : DecisionBuilder.of(entry, now)
                        .abandon(
                                null,
                                AbandonReason.START_UNCLEAR,
                                "the time-out passed while command '" + leader.commandId()
                                        + "' was starting the run for it, too");
    }

    private static boolean isStarting(RunState state) {
        return state instanceof RunState.Starting || state instanceof RunState.Searching;
    }

    /**
     * What follows for those that are joined to a command from a decision about it: the next one leads, takes the run over, or all end.
     */
    static Decision after(RunEntry before, Input.CommandInput input, Decision decision, Instant now, JobQueues queues) {
        @Nullable RunEntry after = decision.entry();
        // Those who hear that all end are told one by one: none of them leads the others.
        if (before.share() == null || after == null || !leaves(after) || input instanceof Input.ShareEnded) {
            return decision;
        }
        @Nullable RunEntry leader = queues.leaderOf(before.share());
        @Nullable
        RunEntry next =
                leader == null || !leader.commandId().equals(before.commandId()) ? null : queues.nextAfter(before);
        if (next == null || !(next.state() instanceof RunState.Joined || next.state() instanceof RunState.Retrying)) {
            return decision;
        }
        @Nullable RunSnapshot run = newRunOf(before, next);
        if (run != null) {
            return decision.telling(List.of(new Input.RunHanded(
                    next.commandId(), starterOf(before), run, before.adopted(), startedAt(before))));
        }
        if (next.state() instanceof RunState.Retrying) {
            // It leads when its pause is over.
            return decision;
        }
        Input.@Nullable ShareEnded ended = endOfAll(before, input, decision);
        if (ended == null && CommonDecisions.isOver(next.openCommand(), now)) {
            // It ends by itself, and then the one after it leads: ten thousand of them do not end one within the other.
            return decision.with(List.of(new Action.SetTimer(next.commandId(), now)));
        }
        return decision.telling(
                ended == null
                        ? List.of(new Input.ShareMoved(next.commandId()))
                        : queues.joinedTo(before).stream()
                                .filter(other -> other.state() instanceof RunState.Joined)
                                .<Input.CommandInput>map(other -> new Input.ShareEnded(
                                        other.commandId(), ended.rejected(), ended.abandoned(), ended.message()))
                                .toList());
    }

    private static boolean leaves(RunEntry after) {
        return after.state() instanceof RunState.Finished || after.state() instanceof RunState.Collecting;
    }

    /** The end of a command that starts for others, if its reason holds for them, too; null: it is a reason of its own. */
    private static Input.@Nullable ShareEnded endOfAll(RunEntry before, Input.CommandInput input, Decision decision) {
        boolean starts = before.state() instanceof RunState.Waiting
                || before.state() instanceof RunState.Starting
                || before.state() instanceof RunState.Searching;
        if (decision.events().isEmpty() || !starts) {
            return null;
        }
        RunEvent end = decision.events().getLast();
        String by = "command '" + before.commandId() + "', which starts the run for this one, too: ";
        boolean inDoubt = before.state() instanceof RunState.Starting
                || before.state() instanceof RunState.Searching
                || (before.state() instanceof RunState.Waiting waiting
                        && waiting.starts().unclear() > 0);
        return switch (end.body()) {
            case RunEvent.OfCommand(var verb, RejectReason reason, String message, var status)
            when reason != null && reason != RejectReason.EXPIRED ->
                new Input.ShareEnded(before.commandId(), reason, null, by + message);
            case RunEvent.OfRun run
            when end.type() == EventType.RUN_ABANDONED -> {
                boolean unclear = AbandonReason.START_UNCLEAR.wireName().equals(run.reason());
                boolean failed = AbandonReason.START_FAILED.wireName().equals(run.reason());
                boolean givenUp = inDoubt
                        && (AbandonReason.OPERATOR.wireName().equals(run.reason())
                                || AbandonReason.INTERNAL.wireName().equals(run.reason()));
                yield unclear || failed || givenUp
                        ? new Input.ShareEnded(
                                before.commandId(),
                                null,
                                failed ? AbandonReason.START_FAILED : AbandonReason.START_UNCLEAR,
                                by + run.message())
                        : null;
            }
            case RunEvent.OfRun run
            when end.type() == EventType.RUN_FAILED && before.hasFailedRun() && !isOfItsOwn(input) ->
                new Input.ShareEnded(before.commandId(), null, null, by + run.message());
            case RunEvent.Body other -> null;
        };
    }

    /** Whether it is not what dbt Cloud says that ends a command that waits. */
    private static boolean isOfItsOwn(Input.CommandInput input) {
        return input instanceof Input.CancelRequested
                || input instanceof Input.TimerFired
                || input instanceof Input.StartReserved
                || input instanceof Input.CallFailed
                || input instanceof Input.SearchResult
                || input instanceof Input.EndRequested
                || input instanceof Input.InternalFault;
    }
}
