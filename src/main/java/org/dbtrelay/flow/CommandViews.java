package org.dbtrelay.flow;

import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.dbtrelay.run.partition.Partition;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * The commands of this instance's partitions, for the HTTP API. It keeps events for the commands told of last only, and of
 * those no more than fit into a bound: the failure of one run can have many KiB.
 */
@Singleton
public class CommandViews {

    /** Bytes of heap for all events together; {@code docs/operations.md} counts them. */
    static final int MOST_BYTES = 8 * 1024 * 1024;

    /** The bytes that an event needs beside its JSON. */
    private static final int BESIDE = 128;

    private static final int EVENTS = 50;

    private final Map<Integer, Partition> partitions = new ConcurrentHashMap<>();
    private final Map<String, Deque<byte[]>> events = new LinkedHashMap<>(16, 0.75f, true);
    private int bytes;

    /** Those who wait for news of a command, by its id. */
    private final Map<String, Set<Watch>> watches = new ConcurrentHashMap<>();

    /** Somebody who waits for news of a command of this instance. */
    public final class Watch implements AutoCloseable {

        private final String commandId;
        private final Semaphore news = new Semaphore(0);

        private Watch(String commandId) {
            this.commandId = commandId;
        }

        /** Waits until something may have changed since the last wait, or since the watch began; for so long at most. */
        public void await(Duration atMost) throws InterruptedException {
            if (news.tryAcquire(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                news.drainPermits();
            }
        }

        @Override
        public void close() {
            watches.computeIfPresent(commandId, (id, all) -> all.remove(this) && all.isEmpty() ? null : all);
        }
    }

    /** Begins to wait for news of a command, whether it is known here or not. */
    public Watch watch(String commandId) {
        Watch watch = new Watch(commandId);
        watches.compute(commandId, (id, before) -> {
            Set<Watch> all = before == null ? ConcurrentHashMap.newKeySet() : before;
            all.add(watch);
            return all;
        });
        return watch;
    }

    /** Everybody who waits looks again. */
    public void wakeAll() {
        watches.values().forEach(all -> all.forEach(watch -> watch.news.release()));
    }

    /** What is known of these commands has changed, and that is committed. */
    void changed(Collection<String> commandIds) {
        if (!watches.isEmpty()) {
            commandIds.forEach(id -> watches.getOrDefault(id, Set.of()).forEach(watch -> watch.news.release()));
        }
    }

    /**
     * A command as it stands.
     *
     * @param waitsFor the reason of the wait; null unless it is waiting, or pauses before another run
     * @param ahead how many commands come before it at its job
     * @param events the newest 50 that this process has told, oldest first, as their JSON
     */
    public record View(
            int partition, RunEntry entry, @Nullable WaitReason waitsFor, int ahead, List<byte[]> events) {}

    /** The command, if one of this instance's partitions has it. */
    public Optional<View> find(String commandId) {
        for (Map.Entry<Integer, Partition> each : partitions.entrySet()) {
            @Nullable RunEntry entry = each.getValue().find(commandId);
            if (entry != null) {
                return Optional.of(view(each.getKey(), each.getValue(), entry, eventsOf(commandId)));
            }
        }
        return Optional.empty();
    }

    /**
     * The first of some commands, in an order; without their events.
     *
     * @param finished those that are finished, else those that are not
     * @param limit how many at most; memory is needed for these only
     */
    public List<View> first(boolean finished, Predicate<RunEntry> wanted, Comparator<RunEntry> order, int limit) {
        Comparator<Found> byEntry = Comparator.comparing(Found::entry, order);
        PriorityQueue<Found> first = new PriorityQueue<>(byEntry.reversed());
        partitions.forEach((number, partition) -> (finished ? partition.finished() : partition.unfinished())
                .filter(wanted)
                .forEach(entry -> {
                    first.add(new Found(number, partition, entry));
                    if (first.size() > limit) {
                        first.remove();
                    }
                }));
        return first.stream()
                .sorted(byEntry)
                .map(found -> view(found.number(), found.partition(), found.entry(), List.of()))
                .toList();
    }

    private record Found(int number, Partition partition, RunEntry entry) {}

    /** The partitions whose commands this instance knows. */
    public Set<Integer> partitions() {
        return Set.copyOf(partitions.keySet());
    }

    private static View view(int number, Partition partition, RunEntry entry, List<byte[]> events) {
        int ahead = partition.countAheadOf(entry);
        @Nullable
        WaitReason waitsFor = switch (entry.state()) {
            case RunState.Waiting waiting ->
                WaitReason.of(
                        waiting,
                        entry,
                        ahead,
                        partition.isWaitingForSlot(entry.commandId()),
                        partition.isSuspended(entry));
            case RunState.Retrying retrying -> WaitReason.PAUSE;
            case RunState.Starting starting -> null;
            case RunState.Searching searching -> null;
            case RunState.WithRun withRun -> null;
            case RunState.Finished finished -> null;
        };
        return new View(number, entry, waitsFor, ahead, events);
    }

    void serve(int number, Partition partition) {
        partitions.put(number, partition);
        wakeAll();
    }

    void end(int number, Partition partition) {
        partitions.remove(number, partition);
        wakeAll();
    }

    /**
     * An event of a command was told.
     *
     * @param event its data, as JSON
     */
    void told(String commandId, byte[] event) {
        synchronized (events) {
            Deque<byte[]> kept = events.computeIfAbsent(commandId, id -> new ArrayDeque<>(4));
            kept.addLast(event);
            bytes += event.length + BESIDE;
            if (kept.size() > EVENTS) {
                removeOldest(kept);
            }
            while (bytes > MOST_BYTES) {
                removeLeastAskedFor();
            }
        }
    }

    /** Of the command that was told of, or asked for, the longest time ago. */
    private void removeLeastAskedFor() {
        Iterator<Deque<byte[]>> all = events.values().iterator();
        Deque<byte[]> eldest = all.next();
        removeOldest(eldest);
        if (eldest.isEmpty()) {
            all.remove();
        }
    }

    private void removeOldest(Deque<byte[]> kept) {
        bytes -= kept.removeFirst().length + BESIDE;
    }

    private List<byte[]> eventsOf(String commandId) {
        synchronized (events) {
            return List.copyOf(events.getOrDefault(commandId, new ArrayDeque<>()));
        }
    }
}
