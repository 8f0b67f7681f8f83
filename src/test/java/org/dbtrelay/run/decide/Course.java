package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.event.CheckedEvents;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.partition.Batch;
import org.dbtrelay.run.partition.Partition;
import org.dbtrelay.run.state.RunEntry;

/** The course of things in a test: feeds inputs to a partition and keeps the events and actions that follow. */
public final class Course implements Batch {

    final Map<String, RunEntry> entries;
    final List<RunEvent> events = new ArrayList<>();
    /** How many decisions a commit has room for. */
    int room = Integer.MAX_VALUE;

    private int taken;
    Instant now = Instant.parse("2026-11-22T10:00:00Z");

    private final Partition partition;
    private final List<Action> actions = new ArrayList<>();
    private List<Action> lastActions = new ArrayList<>();

    Course(Policy policy) {
        this(policy, Map.of());
    }

    /** Begins with what another one has left, without the inputs of a claim. */
    Course(Policy policy, Map<String, RunEntry> left) {
        this.entries = new HashMap<>(left);
        this.partition = new Partition(
                entries,
                policy,
                (entry, input, time, others) -> RunMachine.decide(entry, input, time, policy, others),
                _ -> null,
                now);
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    /** Takes an input and all that follows from it in the same commit, as the relay does. */
    Decision take(Input input) {
        lastActions = new ArrayList<>();
        taken = 0;
        Decision decision = partition.decide(input, this);
        partition.giveTurns(this);
        return decision;
    }

    @Override
    public Instant now() {
        return now;
    }

    /** The inputs of a claim come; what was left for another commit is lost. */
    void claimAnew() {
        partition.beginAnew();
        catchUp();
    }

    /** The next commits, until nothing is left for another one. */
    void catchUp() {
        do {
            taken = 0;
        } while (!partition.catchUp(this));
    }

    @Override
    public void take(Decision decision) {
        taken++;
        decision.events().forEach(CheckedEvents::check);
        events.addAll(decision.events());
        lastActions.addAll(decision.actions());
        actions.addAll(decision.actions());
    }

    @Override
    public boolean isFull() {
        return taken >= room;
    }

    /** The last call of a kind that a command has asked for fails. */
    Decision fail(String id, Class<? extends Action.External> type, CallFailure failure) {
        return take(new Input.CallFailed(
                actions.reversed().stream()
                        .filter(type::isInstance)
                        .map(type::cast)
                        .filter(action -> action.commandId().equals(id))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(id + " has asked for no " + type.getSimpleName())),
                failure));
    }

    RunEntry entry(String id) {
        return entries.get(id);
    }

    List<Action> lastActions() {
        return lastActions;
    }

    <A extends Action> A lastAction(Class<A> type) {
        return lastActions.stream()
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + type.getSimpleName() + " in " + lastActions));
    }

    List<String> types() {
        return events.stream().map(event -> event.type().wireName()).toList();
    }

    List<Integer> sequences() {
        return events.stream().map(RunEvent::sequence).toList();
    }
}
