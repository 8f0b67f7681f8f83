package org.dbtrelay.testkit;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The events of commands, from both event topics together, and what the contract promises of them: each command's sequence
 * counts 0, 1, 2 … without gap or repetition, each topic holds it in order, the key is the command id, the CloudEvents id is
 * {@code <command id>/<sequence>}, and a command has at most one outcome, after which only artifacts and the explanation of a
 * failure come. Records that belong to no command are not looked at.
 */
public final class EventHistory {

    private static final Set<String> OUTCOMES = Set.of(
            "command.rejected", "command.completed", "run.succeeded", "run.failed", "run.cancelled", "run.abandoned");
    private static final Set<String> AFTER_THE_OUTCOME =
            Set.of("run.failure_explained", "run.stray", "artifact.ready", "artifact.unavailable");

    private final Map<String, List<ReceivedEvent>> byCommand;

    private EventHistory(Map<String, List<ReceivedEvent>> byCommand) {
        this.byCommand = byCommand;
    }

    /** The history of these events, given in the order of reading (the order within a partition matters, that between topics does not). */
    public static EventHistory of(Collection<ReceivedEvent> events) {
        return new EventHistory(events.stream()
                .filter(event ->
                        !event.commandId().isEmpty() && event.sequence().isPresent())
                .collect(Collectors.groupingBy(ReceivedEvent::commandId, TreeMap::new, Collectors.toList())));
    }

    /** The commands that any event belongs to, sorted. */
    public Set<String> commandIds() {
        return byCommand.keySet();
    }

    /** The events of a command, by sequence; empty if there is none. */
    public List<ReceivedEvent> eventsOf(String commandId) {
        return byCommand.getOrDefault(commandId, List.of()).stream()
                .sorted(Comparator.comparingLong(EventHistory::sequenceOf))
                .toList();
    }

    /** The short types of a command's events, by sequence. */
    public List<String> typesOf(String commandId) {
        return eventsOf(commandId).stream().map(ReceivedEvent::type).toList();
    }

    /** The commands without an outcome so far, sorted. */
    public List<String> unfinished() {
        return byCommand.entrySet().stream()
                .filter(command -> outcomes(command.getValue()).isEmpty())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The faults, one line each with its command; empty if all is as promised. */
    public List<String> faults() {
        var faults = new ArrayList<String>();
        byCommand.forEach((commandId, events) -> {
            var found = new ArrayList<String>();
            checkNumbers(events, found);
            checkOrder(events, found);
            checkNames(commandId, events, found);
            checkOutcome(commandId, events, found);
            String history = eventsOf(commandId).stream()
                    .map(event -> sequenceOf(event) + " " + event.type())
                    .collect(Collectors.joining(", "));
            found.forEach(fault -> faults.add("%s: %s (events: %s)".formatted(commandId, fault, history)));
        });
        return faults;
    }

    /**
     * Fails if anything is wrong. A history that was read while events were still being written may show gaps that are none:
     * wait with {@link TopicReader#awaitEnd} first.
     */
    public void assertFaultless() {
        List<String> faults = faults();
        if (!faults.isEmpty()) {
            throw new AssertionError("%d faults in the events of %d commands:%n  %s"
                    .formatted(faults.size(), byCommand.size(), String.join("\n  ", faults)));
        }
    }

    /** Fails if anything is wrong, or a command has no outcome, or one of these commands has no event at all. */
    public void assertFinished(Collection<String> expectedCommands) {
        assertFaultless();
        List<String> missing = expectedCommands.stream()
                .filter(command -> !byCommand.containsKey(command))
                .sorted()
                .toList();
        List<String> unfinished = unfinished();
        if (!missing.isEmpty() || !unfinished.isEmpty()) {
            throw new AssertionError(
                    "Commands without any event: %s; without an outcome: %s".formatted(missing, unfinished));
        }
    }

    private static void checkNumbers(List<ReceivedEvent> events, List<String> faults) {
        Map<Long, Long> counts = events.stream()
                .collect(Collectors.groupingBy(EventHistory::sequenceOf, TreeMap::new, Collectors.counting()));
        counts.forEach((sequence, count) -> {
            if (count > 1) {
                faults.add("sequence %d comes %d times".formatted(sequence, count));
            }
        });
        long expected = 0;
        for (long sequence : counts.keySet()) {
            if (sequence > expected) {
                faults.add(
                        sequence == expected + 1
                                ? "sequence %d is missing".formatted(expected)
                                : "sequences %d to %d are missing".formatted(expected, sequence - 1));
            }
            expected = sequence + 1;
        }
    }

    private static void checkOrder(List<ReceivedEvent> events, List<String> faults) {
        var latest = new HashMap<String, ReceivedEvent>();
        for (ReceivedEvent event : events) {
            ReceivedEvent before = latest.put(event.topic(), event);
            if (before == null) {
                continue;
            }
            if (sequenceOf(before) > sequenceOf(event)) {
                faults.add("sequence %d comes after %d in %s"
                        .formatted(sequenceOf(event), sequenceOf(before), event.topic()));
            }
            if (before.origin().partition() != event.origin().partition()) {
                faults.add("sequence %d is in another partition of %s than %d"
                        .formatted(sequenceOf(event), event.topic(), sequenceOf(before)));
            }
        }
    }

    private static void checkNames(String commandId, List<ReceivedEvent> events, List<String> faults) {
        for (ReceivedEvent event : events) {
            String expected = commandId + "/" + sequenceOf(event);
            if (!expected.equals(event.attribute("id"))) {
                faults.add("sequence %d has the CloudEvents id %s".formatted(sequenceOf(event), event.attribute("id")));
            }
            if (!commandId.equals(event.key())) {
                faults.add("sequence %d has the key %s".formatted(sequenceOf(event), event.key()));
            }
        }
    }

    private void checkOutcome(String commandId, List<ReceivedEvent> events, List<String> faults) {
        List<ReceivedEvent> outcomes = outcomes(events);
        if (outcomes.size() > 1) {
            faults.add("%d outcomes: %s"
                    .formatted(
                            outcomes.size(),
                            outcomes.stream().map(ReceivedEvent::type).toList()));
        }
        boolean over = false;
        for (ReceivedEvent event : eventsOf(commandId)) {
            if (over && !AFTER_THE_OUTCOME.contains(event.type()) && !OUTCOMES.contains(event.type())) {
                faults.add("sequence %d, %s, comes after the outcome".formatted(sequenceOf(event), event.type()));
            }
            if (!over && event.type().startsWith("artifact.")) {
                faults.add("sequence %d, %s, comes before the outcome".formatted(sequenceOf(event), event.type()));
            }
            over = over || OUTCOMES.contains(event.type());
        }
    }

    private static List<ReceivedEvent> outcomes(List<ReceivedEvent> events) {
        return events.stream().filter(event -> OUTCOMES.contains(event.type())).toList();
    }

    private static long sequenceOf(ReceivedEvent event) {
        return event.sequence().orElseThrow();
    }
}
