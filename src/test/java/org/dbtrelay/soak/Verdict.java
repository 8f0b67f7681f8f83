package org.dbtrelay.soak;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.emulator.RunStatus;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.soak.Command.Kind;
import org.dbtrelay.testkit.EventHistory;
import org.dbtrelay.testkit.ReceivedEvent;

/**
 * Holds what was told and what ran against what was sent: one run for each trigger that was not cancelled before it started,
 * one outcome for each command, which is what became of its run, events without gap or repetition, statuses that do not go
 * back, and the dead letters that have to be there, once each.
 */
final class Verdict {

    private static final int LAST_STATUS_IN_FLIGHT = 3;

    private final EventHistory history;
    private final Map<String, Command> commands;
    private final Set<String> cancelled;
    private final List<ReceivedEvent> deadLetters;
    private final Map<Long, RunView> runs;
    private final Map<String, List<RunView>> startedFor;
    private final List<String> violations = new ArrayList<>();

    Verdict(Collection<Command> sent, List<ReceivedEvent> told, List<RunView> runs) {
        this.history = EventHistory.of(told);
        this.commands = sent.stream().collect(toMap(Command::id, command -> command));
        this.cancelled = sent.stream()
                .filter(command -> command.kind() == Kind.CANCEL)
                .map(Command::target)
                .collect(toSet());
        this.deadLetters = told.stream()
                .filter(event -> event.header("dlq-reason") != null)
                .toList();
        this.runs = runs.stream().collect(toMap(RunView::id, run -> run));
        this.startedFor = runs.stream()
                .filter(run -> run.retryingRunId() == null)
                .collect(groupingBy(run -> run.cause().substring(run.cause().indexOf("] ") + 2)));
    }

    /** What does not hold, one line each; empty if all is as promised. */
    List<String> violations() {
        violations.addAll(history.faults());
        history.commandIds().stream()
                .filter(id -> !commands.containsKey(id))
                .forEach(id -> violations.add(id + ": events of a command that was not sent"));
        startedFor.keySet().stream()
                .filter(id -> !commands.containsKey(id) || !mayStart(commands.get(id)))
                .forEach(id -> violations.add(id + ": a run that no trigger asked for"));
        commands.values().forEach(command -> {
            if (command.isDeadLetter()) {
                checkDeadLetter(command);
            } else {
                checkCommand(command);
            }
        });
        if (deadLetters.size()
                != commands.values().stream().filter(Command::isDeadLetter).count()) {
            violations.add("%d dead letters".formatted(deadLetters.size()));
        }
        return List.copyOf(violations);
    }

    private void checkDeadLetter(Command record) {
        String reason = record.kind() == Kind.CONFLICT ? "id_conflict" : "malformed";
        long count = deadLetters.stream()
                .filter(letter -> letter.header("dlq-reason").equals(reason))
                // The text ends here: malformed-1 is not malformed-12.
                .filter(letter -> letter.text().replaceAll("[\"}]", "").endsWith(record.id()))
                .count();
        if (count != 1) {
            violations.add("%s: %d dead letters %s".formatted(record.id(), count, reason));
        }
    }

    private void checkCommand(Command command) {
        List<ReceivedEvent> events = history.eventsOf(command.id());
        List<ReceivedEvent> outcomes = events.stream()
                .filter(event -> EventTally.OUTCOMES.contains(event.type()))
                .toList();
        if (outcomes.size() != 1) {
            fault(command, "has %d outcomes".formatted(outcomes.size()));
            return;
        }
        checkStatuses(command, events);
        ReceivedEvent outcome = outcomes.getFirst();
        String type = outcome.type();
        switch (command.kind()) {
            case TRIGGER -> checkTrigger(command, events, outcome);
            case REFUSED -> checkRefused(command, outcome);
            case TRIGGER_OF_NOTHING -> expect(command, type.equals("command.rejected"), type);
            case CANCEL -> expect(command, type.equals("command.completed") || type.equals("command.rejected"), type);
            case FOLLOW -> checkIsWhatBecameOf(command, outcome);
            case RETRY -> checkRetry(command, outcome);
            case CONFLICT, MALFORMED -> throw new IllegalArgumentException("no command: " + command);
        }
        if (events.stream().anyMatch(event -> event.type().equals("run.stray"))) {
            fault(command, "has a stray run");
        }
    }

    private static boolean mayStart(Command command) {
        return command.kind() == Kind.TRIGGER || command.kind() == Kind.REFUSED;
    }

    private void checkRefused(Command command, ReceivedEvent outcome) {
        expect(
                command,
                Refused.valueOf(command.target()).outcomes().contains(outcome.type()),
                "%s of %s".formatted(outcome.type(), command.target()));
        List<RunView> started = startedFor.getOrDefault(command.id(), List.of());
        if (started.size() > 1) {
            fault(command, "has %d runs".formatted(started.size()));
        }
        if (outcome.type().equals("run.succeeded")) {
            checkIsWhatBecameOf(command, outcome);
        }
    }

    private void checkTrigger(Command command, List<ReceivedEvent> events, ReceivedEvent outcome) {
        List<RunView> started = startedFor.getOrDefault(command.id(), List.of());
        if (started.isEmpty()) {
            expect(
                    command,
                    outcome.type().equals("run.cancelled")
                            && outcome.runId().isEmpty()
                            && cancelled.contains(command.id()),
                    outcome.type() + " without a run");
            return;
        }
        if (started.size() > 1) {
            fault(
                    command,
                    "has %d runs: %s"
                            .formatted(
                                    started.size(),
                                    started.stream().map(RunView::id).toList()));
        }
        checkIsWhatBecameOf(command, outcome);
        long run = started.getFirst().id();
        if (events.stream().anyMatch(event -> event.runId().orElse(run) != run)) {
            fault(command, "tells of another run than " + run);
        }
        if (outcome.type().equals("run.cancelled") && !cancelled.contains(command.id())) {
            fault(command, "was cancelled, and nobody has asked for it");
        }
    }

    /** A retry whose answer was lost is never sent again: it may end with a "look yourself". */
    private void checkRetry(Command command, ReceivedEvent outcome) {
        List<RunView> first = startedFor.getOrDefault(command.target(), List.of());
        long retries = runs.values().stream()
                .filter(run -> run.retryingRunId() != null
                        && first.stream().anyMatch(target -> target.id() == run.retryingRunId()))
                .count();
        if (retries > 1) {
            fault(command, "has %d runs".formatted(retries));
        }
        switch (outcome.type()) {
            case "run.abandoned" ->
                expect(command, outcome.reason().filter("start_unclear"::equals).isPresent(), outcome.toString());
            case "command.rejected" -> {}
            default -> checkIsWhatBecameOf(command, outcome);
        }
    }

    private void checkIsWhatBecameOf(Command command, ReceivedEvent outcome) {
        RunView run = runs.get(outcome.runId().orElse(0));
        if (run == null) {
            fault(command, outcome.type() + " of a run that there is not");
            return;
        }
        RunStatus expected = switch (outcome.type()) {
            case "run.succeeded" -> RunStatus.SUCCESS;
            case "run.failed" -> RunStatus.ERROR;
            case "run.cancelled" -> RunStatus.CANCELLED;
            default -> null;
        };
        if (run.status() != expected) {
            fault(command, "%s, and its run %d is %s".formatted(outcome.type(), run.id(), run.status()));
        }
    }

    private void checkStatuses(Command command, List<ReceivedEvent> events) {
        int latest = 0;
        for (ReceivedEvent event : events) {
            int status = event.data().path("status_code").asInt(latest);
            if (status < latest || (latest > LAST_STATUS_IN_FLIGHT && status != latest)) {
                fault(command, "goes from status %d to %d".formatted(latest, status));
            }
            latest = status;
        }
    }

    private void expect(Command command, boolean holds, String found) {
        if (!holds) {
            fault(command, "ends as " + found);
        }
    }

    private void fault(Command command, String what) {
        violations.add("%s: %s (events: %s)".formatted(command.id(), what, history.typesOf(command.id())));
    }
}
