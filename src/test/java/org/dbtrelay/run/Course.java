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
    final List<RunEvent> events = new ArrayList<>();
    Instant now = Instant.parse("2026-11-22T10:00:00Z");

    private final Policy policy;
    private List<Action> lastActions = List.of();

    Course(Policy policy) {
        this.policy = policy;
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    Decision take(Input input) {
        String id = switch (input) {
            case Input.Unreadable unreadable -> "";
            case Input.Swept swept -> "";
            case Input.Commanded commanded -> commanded.command().id();
            case Input.About about -> about.commandId();
        };
        Decision decision = RunMachine.decide(entries.get(id), input, now, policy);
        if (decision.entry() != null) {
            entries.put(id, decision.entry());
        }
        if (decision.forgotten() != null) {
            entries.remove(decision.forgotten());
        }
        decision.events().forEach(CheckedEvents::check);
        events.addAll(decision.events());
        lastActions = decision.actions();
        return decision;
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
