package org.dbtrelay.flow;

import jakarta.inject.Singleton;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.event.EventRecords;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunEvent;

/** The commands of this instance's partitions, to be looked at. Events are kept for the commands told of last only. */
@Singleton
public class CommandViews {

    private static final int COMMANDS_WITH_EVENTS = 2_000;
    private static final int EVENTS = 50;

    private final Map<Integer, Map<String, RunEntry>> partitions = new ConcurrentHashMap<>();
    private final Map<String, Deque<RunEvent>> events = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Deque<RunEvent>> eldest) {
            return size() > COMMANDS_WITH_EVENTS;
        }
    };

    private final EventRecords records;

    CommandViews(EventRecords records) {
        this.records = records;
    }

    /**
     * A command as it stands.
     *
     * @param events the newest 50 that this process has told, oldest first, as their JSON
     */
    public record View(int partition, RunEntry entry, List<byte[]> events) {}

    /** The command, if one of this instance's partitions has it. */
    public Optional<View> find(String commandId) {
        for (Map.Entry<Integer, Map<String, RunEntry>> partition : partitions.entrySet()) {
            RunEntry entry = partition.getValue().get(commandId);
            if (entry != null) {
                return Optional.of(new View(partition.getKey(), entry, eventsOf(commandId)));
            }
        }
        return Optional.empty();
    }

    /** The commands that are not finished, in no order, at most so many. */
    public List<View> unfinished(int limit) {
        List<View> found = new ArrayList<>();
        partitions.forEach((partition, entries) -> entries.values().stream()
                .filter(RunEntry::unfinished)
                .limit(Math.max(0, limit - found.size()))
                .forEach(entry -> found.add(new View(partition, entry, List.of()))));
        return found;
    }

    void serve(int partition, Map<String, RunEntry> entries) {
        partitions.put(partition, entries);
    }

    void end(int partition, Map<String, RunEntry> entries) {
        partitions.remove(partition, entries);
    }

    void told(List<RunEvent> more) {
        synchronized (events) {
            for (RunEvent event : more) {
                Deque<RunEvent> kept = events.computeIfAbsent(event.commandId(), id -> new ArrayDeque<>());
                kept.addLast(event);
                if (kept.size() > EVENTS) {
                    kept.removeFirst();
                }
            }
        }
    }

    private List<byte[]> eventsOf(String commandId) {
        synchronized (events) {
            Deque<RunEvent> kept = events.get(commandId);
            return kept == null ? List.of() : kept.stream().map(records::data).toList();
        }
    }
}
