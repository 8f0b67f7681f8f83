package org.dbtrelay.soak;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
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
 * back within a run, one more run for each failure that passes by itself, one run for a burst, and the dead letters that have to be there, once each.
 */
final class Verdict {

    private static final int LAST_STATUS_IN_FLIGHT = 3;

    private final EventHistory history;
    private final Map<String, Command> commands;
    private final Set<String> cancelled;
    private final List<ReceivedEvent> deadLetters;
    private final Map<Long, RunView> runs;
    private final Map<String, List<RunView>> startedFor;
    private final Map<Long, List<RunView>> retriesOf;
    private final Map<Long, Integer> sharedBy = new HashMap<>();
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
        this.startedFor =
                runs.stream().filter(run -> run.retryingRunId() == null).collect(groupingBy(Verdict::asks));
        this.retriesOf =
                runs.stream().filter(run -> run.retryingRunId() != null).collect(groupingBy(RunView::retryingRunId));
    }

    /** The command that a run was started for, by its cause. */
    private static String asks(RunView run) {
        return run.cause().substring(run.cause().indexOf("] ") + 2);
    }

    /** The broken promises, one line each; empty if there are none. */
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
        checkSharing();
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
            case FLAKY -> checkFlaky(command, events, outcome);
            case BURST -> checkBurst(command, outcome);
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
        return switch (command.kind()) {
            case TRIGGER, REFUSED, FLAKY, BURST -> true;
            case TRIGGER_OF_NOTHING, CANCEL, RETRY, FOLLOW, CONFLICT, MALFORMED -> false;
        };
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

    /**
     * Each failure that passes by itself is told once and followed by one more run, while there are retries; the outcome is what
     * became of the last one. A resumption whose answer was lost is never sent again: it may end with a "look yourself".
     */
    private void checkFlaky(Command command, List<ReceivedEvent> events, ReceivedEvent outcome) {
        List<ReceivedEvent> failed = events.stream()
                .filter(event -> event.type().equals(EventTally.ATTEMPT_FAILED))
                .toList();
        for (int i = 0; i < failed.size(); i++) {
            RunView run = runs.get(failed.get(i).runId().orElse(0));
            if (run == null || !Special.isTransient(run)) {
                fault(command, "is tried again after " + failed.get(i));
            }
            if (attempt(failed.get(i)) != i + 1) {
                fault(command, "counts %d attempts as %d".formatted(i + 1, attempt(failed.get(i))));
            }
        }
        Set<Long> started = allRunsOf(command);
        Set<Long> told = events.stream()
                .filter(event -> event.runId().isPresent())
                .map(event -> event.runId().getAsLong())
                .collect(toSet());
        if (outcome.type().equals("run.abandoned")) {
            expect(
                    command,
                    outcome.reason().filter("start_unclear"::equals).isPresent()
                            && command.target().equals("from_failure")
                            && !failed.isEmpty(),
                    outcome.toString());
            if (!started.containsAll(told) || started.size() > failed.size() + 1) {
                fault(command, "tells of the runs %s, and has %s".formatted(told, started));
            }
            return;
        }
        checkIsWhatBecameOf(command, outcome);
        if (!started.equals(told) || started.size() != failed.size() + 1 || failed.size() > Special.RETRIES) {
            fault(
                    command,
                    "tells of %d failed attempts and of the runs %s, and has %s"
                            .formatted(failed.size(), told, started));
        }
        if (attempt(outcome) != failed.size() + 1) {
            fault(command, "ends at the attempt %d of %d".formatted(attempt(outcome), failed.size() + 1));
        }
        RunView last = runs.get(outcome.runId().orElse(0));
        if (last != null && Special.isTransient(last) && failed.size() < Special.RETRIES) {
            fault(command, "was not tried again");
        }
    }

    private static int attempt(ReceivedEvent event) {
        return event.data().path("attempt").asInt(0);
    }

    /** Those with the command's marker, and those that resume them. */
    private Set<Long> allRunsOf(Command command) {
        Set<Long> all = new HashSet<>();
        Deque<RunView> next = new ArrayDeque<>(startedFor.getOrDefault(command.id(), List.of()));
        while (!next.isEmpty()) {
            long run = next.remove().id();
            all.add(run);
            next.addAll(retriesOf.getOrDefault(run, List.of()));
        }
        return all;
    }

    /** Its run is its own or that of another command of the job, and never older than itself. */
    private void checkBurst(Command command, ReceivedEvent outcome) {
        List<RunView> started = startedFor.getOrDefault(command.id(), List.of());
        if (started.size() > 1) {
            fault(command, "has %d runs".formatted(started.size()));
        }
        if (outcome.type().equals("run.cancelled") && !cancelled.contains(command.id())) {
            fault(command, "was cancelled, and nobody has asked for it");
        }
        if (outcome.type().equals("run.cancelled") && outcome.runId().isEmpty()) {
            return;
        }
        checkIsWhatBecameOf(command, outcome);
        RunView run = runs.get(outcome.runId().orElse(0));
        if (run == null) {
            return;
        }
        sharedBy.merge(run.id(), 1, Integer::sum);
        if (run.jobId() != command.jobId()) {
            fault(command, "has a run of the job " + run.jobId());
        }
        if (run.createdAt().isBefore(command.sentAt())) {
            fault(command, "has the run %d, which is older".formatted(run.id()));
        }
        String leads = outcome.data().path("coalesced_into").asText(command.id());
        if (!leads.equals(asks(run))) {
            fault(command, "has the run of %s, and says it were that of %s".formatted(asks(run), leads));
        }
        if (!started.isEmpty() && started.getFirst().id() != run.id()) {
            fault(command, "has not its own run " + started.getFirst().id());
        }
    }

    /** The command that has started a run knows for how many; and bursts are what the runs are shared for. */
    private void checkSharing() {
        sharedBy.forEach((id, count) -> {
            String leads = asks(runs.get(id));
            int told = history.eventsOf(leads).stream()
                    .mapToInt(event -> event.data().path("coalesced").asInt(0))
                    .max()
                    .orElse(0);
            if (told < count - 1) {
                violations.add(
                        "%s: has started the run of %d others, and tells of %d".formatted(leads, count - 1, told));
            }
        });
        if (!sharedBy.isEmpty() && sharedBy.values().stream().allMatch(count -> count == 1)) {
            violations.add("no command has shared its run");
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
        long run = 0;
        for (ReceivedEvent event : events) {
            long next = event.runId().orElse(run);
            if (command.kind() == Kind.FLAKY && next != run) {
                latest = 0;
            }
            run = next;
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
