package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dbtrelay.event.CheckedEvents;

/** The course of things in a test: feeds inputs to the machine and keeps what comes of them. */
final class Course {

    final Map<String, RunEntry> entries = new HashMap<>();
    private final Lineup lineup = new Lineup(entries);
    final List<RunEvent> events = new ArrayList<>();
    Instant now = Instant.parse("2026-11-22T10:00:00Z");

    private final Policy policy;
    private final List<Action> actions = new ArrayList<>();
    private List<Action> lastActions = new ArrayList<>();

    Course(Policy policy) {
        this.policy = policy;
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    /** Takes an input and all that follows from it in the same step. */
    Decision take(Input input) {
        lastActions = new ArrayList<>();
        Decision decision = decide(input);
        for (Input.Turn turn = lineup.takeTurn(); turn != null; turn = lineup.takeTurn()) {
            decide(turn);
        }
        return decision;
    }

    private Decision decide(Input input) {
        String id = switch (input) {
            case Input.Unreadable unreadable -> "";
            case Input.Swept swept -> "";
            case Input.Commanded commanded -> commanded.command().id();
            case Input.About about -> about.commandId();
        };
        Decision decision = RunMachine.decide(entries.get(id), input, now, policy, lineup);
        if (decision.entry() != null) {
            lineup.replace(entries.put(id, decision.entry()), decision.entry());
        }
        if (decision.forgotten() != null) {
            lineup.replace(entries.remove(decision.forgotten()), null);
        }
        decision.events().forEach(CheckedEvents::check);
        events.addAll(decision.events());
        lastActions.addAll(decision.actions());
        actions.addAll(decision.actions());
        decision.onward().forEach(this::decide);
        if (decision.entry() != null) {
            lineup.waitersOf(id).forEach(waiter -> decide(new Input.TargetMoved(waiter)));
        }
        return decision;
    }

    /** The last call of a kind that a command has asked for fails. */
    Decision fail(String id, Class<? extends Action> type, CallFailure failure) {
        return take(new Input.CallFailed(
                actions.reversed().stream()
                        .filter(action ->
                                type.isInstance(action) && action.commandId().equals(id))
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
