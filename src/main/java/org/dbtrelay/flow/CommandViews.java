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
import org.dbtrelay.run.RunState;
import org.jspecify.annotations.Nullable;

/** The commands of this instance's partitions, to be looked at. Events are kept for the commands told of last only. */
@Singleton
public class CommandViews {

    private static final int COMMANDS_WITH_EVENTS = 2_000;
    private static final int EVENTS = 50;

    private final Map<Integer, Books> partitions = new ConcurrentHashMap<>();
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
     * @param waitsFor what a waiting command waits for; null unless it is waiting
     * @param ahead how many commands come before it at its job
     * @param events the newest 50 that this process has told, oldest first, as their JSON
     */
    public record View(
            int partition, RunEntry entry, @Nullable WaitsFor waitsFor, int ahead, List<byte[]> events) {}

    /** The command, if one of this instance's partitions has it. */
    public Optional<View> find(String commandId) {
        for (Map.Entry<Integer, Books> partition : partitions.entrySet()) {
            @Nullable RunEntry entry = partition.getValue().find(commandId);
            if (entry != null) {
                return Optional.of(view(partition.getKey(), partition.getValue(), entry, eventsOf(commandId)));
            }
        }
        return Optional.empty();
    }

    /** The commands that are not finished, in no order, at most so many. */
    public List<View> unfinished(int limit) {
        List<View> found = new ArrayList<>();
        partitions.forEach((partition, books) -> books.all().stream()
                .filter(RunEntry::unfinished)
                .limit(Math.max(0, limit - found.size()))
                .forEach(entry -> found.add(view(partition, books, entry, List.of()))));
        return found;
    }

    private static View view(int partition, Books books, RunEntry entry, List<byte[]> events) {
        int ahead = books.lineup().countAheadOf(entry);
        @Nullable
        WaitsFor waitsFor = entry.state() instanceof RunState.Waiting waiting
                ? WaitsFor.of(waiting, entry, ahead, books.slots().isWaiting(entry.commandId()))
                : null;
        return new View(partition, entry, waitsFor, ahead, events);
    }

    void serve(int partition, Books books) {
        partitions.put(partition, books);
    }

    void end(int partition, Books books) {
        partitions.remove(partition, books);
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
