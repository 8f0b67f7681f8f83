package org.dbtrelay.sim;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.dbtrelay.flow.SimFlow;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.PartitionProcessor;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.intake.MailboxItem;
import org.dbtrelay.run.command.IfRunning;
import org.dbtrelay.run.command.Observed;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.JobQueues;
import org.dbtrelay.run.decide.StartCheck;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobOfConnection;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunFailure;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.UnavailableReason;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;

/** How mutants break the rules of a process from the inside. */
final class Meddling implements SimFlow.Observer {

    private final World world;
    private final SimProcess process;
    private final Mutant mutant;
    private final Set<String> dropped = new HashSet<>();

    Meddling(World world, SimProcess process) {
        this.world = world;
        this.process = process;
        this.mutant = world.mutant();
    }

    Policy policy(Policy configured) {
        Policy policy = withOverlap(configured);
        return switch (mutant) {
            case NO_SEND_WINDOW -> copy(policy, "sendWindow", Duration.ofDays(1));
            case NO_LIMITS -> withoutLimits(policy);
            case NO_END -> copy(policy, "cancelPatience", Duration.ofDays(300));
            case SHORT_W -> copy(policy, "unclearWait", Duration.ofSeconds(1));
            default -> policy;
        };
    }

    /** Histories have few runs, so the overlap is one of few. */
    private Policy withOverlap(Policy policy) {
        Map<String, Observed> observed = new HashMap<>(policy.observed());
        observed.replaceAll((name, of) -> mutant == Mutant.NO_OVERLAP
                ? copy(copy(of, "overlap", Duration.ZERO), "overlapRuns", 0)
                : copy(of, "overlapRuns", 2));
        return copy(policy, "observed", observed);
    }

    private static Policy withoutLimits(Policy policy) {
        Map<String, Policy.ForConnection> connections = new HashMap<>(policy.connections());
        connections.replaceAll((name, of) -> copy(copy(of, "maxInFlight", null), "maxInFlightPerJob", null));
        return copy(policy, "connections", connections);
    }

    @Override
    public boolean stampsLate() {
        return mutant == Mutant.WINDOW_AFTER_COMMIT;
    }

    @Override
    public RunEntry known(RunEntry before, Input input) {
        if (mutant == Mutant.HASTY_REPLACE
                && input instanceof Input.StartReserved
                && before != null
                && before.unfinished()) {
            // It looks a second time before it starts, and must not do so either.
            return waitingForNone(before);
        }
        if (mutant == Mutant.ATTEMPTS_NOT_COUNTED && before != null && before.retries() != null) {
            return copy(before, "retries", copy(before.retries(), "failed", 0));
        }
        if (mutant == Mutant.INTERVAL_IGNORED && before != null && before.unfinished()) {
            ResolvedCommand order = before.openCommand();
            return copy(before, "resolved", copy(order, "options", copy(order.options(), "minInterval", null)));
        }
        return mutant == Mutant.NO_ID_CHECK && input instanceof Input.CommandReceived ? null : before;
    }

    private static RunEntry waitingForNone(RunEntry entry) {
        ResolvedCommand order = entry.openCommand();
        return copy(entry, "resolved", copy(order, "options", copy(order.options(), "ifRunning", IfRunning.QUEUE)));
    }

    @Override
    public JobQueues queues(RunEntry before, JobQueues queues) {
        if (mutant == Mutant.LEADER_CANCELS_FOR_ALL
                && before != null
                && before.share() != null
                && before.state() instanceof RunState.Following) {
            return new JobQueues(Map.of(before.commandId(), before));
        }
        if (mutant != Mutant.NO_ORDER
                || before == null
                || !(before.state() instanceof RunState.Waiting)
                || !(before.openCommand().task() instanceof Task.Trigger)) {
            return queues;
        }
        JobQueues alone = new JobQueues(Map.of(before.commandId(), before));
        alone.takeTurn();
        return alone;
    }

    @Override
    public Input heard(RunEntry before, Input input) {
        if (before == null) {
            return input;
        }
        return switch (mutant) {
            case NO_SEARCH -> withoutSearching(before.state(), input);
            case ANSWERS_UNMATCHED -> unmatched(before.state(), input);
            case RETRY_AGAIN ->
                before.state() instanceof RunState.Starting starting && !(starting.call() instanceof StartCall.Trigger)
                        ? withoutSearching(starting, input)
                        : input;
            case CANCEL_DROPPED -> targetStarts(before, input) ? new Input.TurnReached(before.commandId()) : input;
            case STEPS_NOT_AWAITED -> input instanceof Input.RunEnded ended ? asIfExplained(ended) : input;
            case RETRIED_AFTER_CANCEL ->
                before.state() instanceof RunState.Retrying && input instanceof Input.CancelRequested
                        ? new Input.TurnReached(before.commandId())
                        : input;
            case FAILED_TEST_RETRIED -> withoutFindings(input);
            case OTHER_STEP_IGNORED ->
                before.state() instanceof RunState.Collecting collecting
                                && input instanceof Input.ArtifactsCollected collected
                        ? withoutOtherSteps(collecting, collected)
                        : input;
            default -> input;
        };
    }

    private static Input asIfExplained(Input.RunEnded input) {
        RunEnd end = input.end();
        if (!end.missing().contains(RunEnd.Part.STEPS)) {
            return input;
        }
        RunFailure failure = RunEnd.isFailure(end.run()) ? new RunFailure(null, List.of()) : null;
        return new Input.RunEnded(input.commandId(), RunEnd.complete(end.run(), List.of(), failure));
    }

    private static Input withoutFindings(Input input) {
        return switch (input) {
            case Input.RunEnded(String id, RunEnd end) -> new Input.RunEnded(id, withoutFindings(end));
            case Input.EndExplained(String id, int attempt, Instant begun, RunEnd end) ->
                new Input.EndExplained(id, attempt, begun, withoutFindings(end));
            case Input other -> other;
        };
    }

    private static RunEnd withoutFindings(RunEnd end) {
        RunFailure failure = end.failure();
        return failure == null
                ? end
                : copy(
                        end,
                        "failure",
                        new RunFailure(
                                failure.step(),
                                failure.nodes().stream()
                                        .map(node -> copy(node, "status", "error"))
                                        .toList()));
    }

    private static Input withoutOtherSteps(RunState.Collecting state, Input.ArtifactsCollected input) {
        List<Input.ArtifactsCollected.Unavailable> unavailable = new ArrayList<>(input.unavailable());
        for (StoredArtifact found : input.ready()) {
            state.remaining().stream()
                    .filter(wanted -> !wanted.equals(found.wanted()) && wanted.isMetBy(found.wanted()))
                    .map(wanted -> new Input.ArtifactsCollected.Unavailable(
                            wanted, UnavailableReason.NOT_PRODUCED, "the run left no such file"))
                    .forEach(unavailable::add);
        }
        List<StoredArtifact> ready = input.ready().stream()
                .filter(found -> state.remaining().contains(found.wanted()))
                .toList();
        return new Input.ArtifactsCollected(input.commandId(), input.begun(), ready, unavailable, input.notYet());
    }

    /** Once dropped it is dropped for good. */
    private boolean targetStarts(RunEntry entry, Input input) {
        if (entry.resolved() != null
                && entry.resolved().task() instanceof Task.Cancel(RunSelector.OfCommand(String target))
                && (input instanceof Input.TargetChanged || input instanceof Input.Restored)) {
            Truth.Known known = world.truth().command(target);
            if (known != null
                    && (known.last.state() instanceof RunState.Starting
                            || known.last.state() instanceof RunState.Searching)) {
                dropped.add(entry.commandId());
            }
            return dropped.contains(entry.commandId());
        }
        return false;
    }

    private static Input withoutSearching(RunState state, Input input) {
        if (state instanceof RunState.Starting starting) {
            CallFailure notSent = new CallFailure.NotSent("surely");
            if (input instanceof Input.StartFailed failed) {
                return new Input.StartFailed(failed.commandId(), failed.attempt(), notSent);
            }
            if (input instanceof Input.Restored restored) {
                return new Input.StartFailed(restored.commandId(), starting.attempt(), notSent);
            }
        }
        return input;
    }

    private static Input unmatched(RunState state, Input input) {
        int attempt = switch (state) {
            case RunState.Starting starting -> starting.attempt();
            case RunState.Searching searching -> searching.attempt();
            default -> 0;
        };
        return switch (input) {
            case Input.Started it -> new Input.Started(it.commandId(), attempt, it.run());
            case Input.StartRefused it -> new Input.StartRefused(it.commandId(), attempt, it.reason(), it.message());
            case Input.StartFailed it -> new Input.StartFailed(it.commandId(), attempt, it.failure());
            case Input.SearchResult it -> new Input.SearchResult(it.commandId(), attempt, it.begunAt(), it.run());
            default -> input;
        };
    }

    @Override
    public Decision meant(RunEntry before, Input input, Decision decision) {
        if (mutant == Mutant.NO_BACK_OFF && input instanceof Input.CallFailed) {
            return hurried(decision);
        }
        if (mutant == Mutant.NOT_ASKED_AGAIN) {
            return copy(
                    decision,
                    "actions",
                    decision.actions().stream()
                            .filter(action -> !(action instanceof Action.ExplainEnd))
                            .toList());
        }
        if (mutant == Mutant.EARLIER_RUN_ADOPTED) {
            List<Action> actions = new ArrayList<>(decision.actions());
            actions.replaceAll(
                    action -> action instanceof Action.SearchMarker search ? copy(search, "except", Set.of()) : action);
            return copy(decision, "actions", actions);
        }
        if (mutant == Mutant.NOBODY_LEADS_NEXT) {
            return copy(
                    decision,
                    "onward",
                    decision.onward().stream()
                            .filter(told -> !(told instanceof Input.ShareMoved))
                            .toList());
        }
        if (decision.entry() == null) {
            return decision;
        }
        if (mutant == Mutant.MEMBERSHIP_NOT_COMMITTED
                && input instanceof Input.CommandReceived
                && decision.entry().state() instanceof RunState.Joined) {
            return Decision.NOTHING;
        }
        if (input instanceof Input.CommandReceived
                && decision.entry().share() != null
                && decision.entry().state() instanceof RunState.Waiting) {
            return joinedLate(decision);
        }
        if (mutant == Mutant.HASTY_REPLACE
                && input instanceof Input.StartReserved
                && decision.entry().unfinished()) {
            return copy(decision, "entry", copy(decision.entry(), "resolved", before.resolved()));
        }
        if (mutant == Mutant.NO_ORDER && input instanceof Input.CommandReceived) {
            return withTurn(decision);
        }
        boolean waits = input instanceof Input.RunsInFlight && decision.entry().state() instanceof RunState.Waiting;
        return mutant == Mutant.HASTY_REPLACE && waits
                ? atOnce(decision, ((Input.RunsInFlight) input).check())
                : decision;
    }

    /** Joins whoever wants the same and is starting its run, or has it. */
    private Decision joinedLate(Decision decision) {
        RunEntry entry = decision.entry();
        for (Truth.Known known : world.truth().commands().values()) {
            RunEntry other = known.last;
            boolean same = other != null
                    && other.unfinished()
                    && other.share() != null
                    && world.plan().partitions() == 1
                    && other.openCommand().target().equals(entry.openCommand().target())
                    && Objects.equals(
                            other.openCommand().jobId(), entry.openCommand().jobId());
            if (same
                    && mutant == Mutant.JOINED_AFTER_INTENT
                    && (other.state() instanceof RunState.Starting || other.state() instanceof RunState.Searching)) {
                return copy(
                        decision,
                        "entry",
                        copy(copy(entry, "share", other.share().join()), "state", new RunState.Joined()));
            }
            if (same && mutant == Mutant.OLDER_RUN_SATISFIES && other.state() instanceof RunState.Following following) {
                List<Action> actions = new ArrayList<>(decision.actions());
                actions.add(new Action.SchedulePoll(
                        entry.commandId(),
                        entry.openCommand().target(),
                        following.run().runId(),
                        process.clock().instant(),
                        0));
                return copy(
                        copy(
                                decision,
                                "entry",
                                copy(copy(entry, "share", other.share().in(known.id)), "state", following)),
                        "actions",
                        actions);
            }
        }
        return decision;
    }

    private Decision hurried(Decision decision) {
        Instant soon = process.clock().instant().plusSeconds(1);
        List<Action> actions = new ArrayList<>(decision.actions());
        actions.replaceAll(action -> action instanceof Action.SchedulePoll watch ? copy(watch, "due", soon) : action);
        return copy(decision, "actions", actions);
    }

    private static Decision withTurn(Decision decision) {
        List<Input.CommandInput> onward = new ArrayList<>(decision.onward());
        onward.add(new Input.TurnReached(decision.entry().commandId()));
        return copy(decision, "onward", onward);
    }

    private static Decision atOnce(Decision decision, StartCheck check) {
        ResolvedCommand order = decision.entry().openCommand();
        List<Action> actions = new ArrayList<>(decision.actions());
        actions.removeIf(Action.SetTimer.class::isInstance);
        actions.add(new Action.ReserveStart(
                decision.entry().commandId(), order.target(), order.jobId(), new StartCall.Trigger(), check));
        return copy(copy(decision, "entry", null), "actions", actions);
    }

    @Override
    public void decided(RunEntry before, Input input, Decision decision) {
        Counting.count(world.coverage(), before, input, decision);
        String state = before == null ? "none" : before.state().getClass().getSimpleName();
        world.trace().say(process.name(), "%s and %s: %s", state, input, decision.actions());
        for (Action action : decision.actions()) {
            if (action instanceof Action.Start start) {
                world.stops()
                        .started(
                                process,
                                start.commandId(),
                                new JobOfConnection(start.target().connection(), start.jobId()));
            }
        }
    }

    PartitionProcessor work(PartitionProcessor real) {
        return switch (mutant) {
            case COMMANDS_DROPPED -> dropping(real);
            case SEQUENCE_IN_MEMORY ->
                claim -> {
                    claim.restored().entries().replaceAll((id, entry) -> copy(entry, "nextSequence", 0));
                    return real.begin(claim);
                };
            case TIMELINE_FORGOTTEN ->
                claim -> {
                    claim.restored().entries().replaceAll((id, entry) -> copy(entry, "told", null));
                    return real.begin(claim);
                };
            default -> real;
        };
    }

    private static PartitionProcessor dropping(PartitionProcessor real) {
        Set<MailboxItem> dropped = new HashSet<>();
        return claim -> new Dropping(real, claim, dropped);
    }

    private static final class Dropping implements PartitionProcessor.Session {
        private final PartitionProcessor.Session session;
        private final Set<MailboxItem> dropped;

        Dropping(PartitionProcessor real, Claim claim, Set<MailboxItem> dropped) {
            this.session = real.begin(claim);
            this.dropped = dropped;
        }

        @Override
        public PartitionProcessor.Taken take(List<MailboxItem> arrivals) throws LedgerException {
            List<MailboxItem> kept = new ArrayList<>(arrivals);
            kept.removeIf(dropped::contains);
            try {
                PartitionProcessor.Taken taken = session.take(kept);
                return taken.items() == kept.size()
                        ? new PartitionProcessor.Taken(arrivals.size(), taken.again())
                        : new PartitionProcessor.Taken(arrivals.indexOf(kept.get(taken.items())), taken.again());
            } catch (LedgerException e) {
                kept.stream().filter(it -> it.origin() != null).forEach(dropped::add);
                throw e;
            }
        }

        @Override
        public int pending() {
            return session.pending();
        }

        @Override
        public void drain() {
            session.drain();
        }

        @Override
        public boolean isDrained() {
            return session.isDrained();
        }

        @Override
        public void end() {
            session.end();
        }
    }

    /** The same record with one component changed, whatever other components it has. */
    private static <T extends Record> T copy(T source, String component, Object value) {
        try {
            RecordComponent[] components = source.getClass().getRecordComponents();
            if (Arrays.stream(components).noneMatch(it -> it.getName().equals(component))) {
                throw new IllegalArgumentException(source.getClass() + " has no " + component);
            }
            Object[] values = new Object[components.length];
            for (int i = 0; i < components.length; i++) {
                values[i] = components[i].getName().equals(component)
                        ? value
                        : components[i].getAccessor().invoke(source);
            }
            @SuppressWarnings("unchecked")
            T copy = (T) source.getClass()
                    .getDeclaredConstructor(Arrays.stream(components)
                            .map(RecordComponent::getType)
                            .toArray(Class<?>[]::new))
                    .newInstance(values);
            return copy;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
