package org.dbtrelay.run.partition;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/**
 * How many runs of a connection and of a job may be in flight at once, for one claim. Commands that would be one too many
 * wait here in the order of their records. The runs in flight follow from the entries. Safe for several threads; changed by
 * one.
 */
final class Slots {

    private final Map<String, Policy.ForConnection> limits;
    private final Map<Scope, Map<String, Integer>> taken = new HashMap<>();
    private final Map<String, Waiter> waiting = new HashMap<>();
    private final NavigableMap<Place, Waiter> asking = new TreeMap<>();
    private final Map<Scope, Queue> queues = new HashMap<>();
    private final Map<String, NavigableMap<Place, Waiter>> firsts = new HashMap<>();
    private final Set<String> changed = new LinkedHashSet<>();
    private final Map<String, Waiter> granted = new HashMap<>();
    private int steps;

    Slots(Policy policy) {
        this.limits = policy.connections();
    }

    /** The scope of a limit: a connection's runs, or those of one of its jobs. */
    private record Scope(String connection, @Nullable Long jobId) {}

    private record Place(long offset, String commandId) implements Comparable<Place> {
        @Override
        public int compareTo(Place other) {
            int byOffset = Long.compare(offset, other.offset);
            return byOffset == 0 ? commandId.compareTo(other.commandId) : byOffset;
        }
    }

    private record Waiter(RunEntry entry, Action.ReserveStart action) {
        private Place place() {
            return new Place(entry.offset(), entry.commandId());
        }

        private String connection() {
            return entry.openCommand().connection();
        }

        private Scope job() {
            return new Scope(connection(), entry.openCommand().jobId());
        }
    }

    /** Those that wait for a run of one job to end, and the first of them if there is room for it at the job. */
    private static final class Queue {
        private final NavigableMap<Place, Waiter> waiters = new TreeMap<>();
        private @Nullable Place first;
    }

    /** An entry takes the place of another. */
    synchronized void replace(@Nullable RunEntry before, @Nullable RunEntry after) {
        if (before != null) {
            count(before, -1);
            granted.remove(before.commandId());
            forget(before.commandId());
        }
        if (after != null) {
            count(after, 1);
        }
    }

    /** A command would start a run as soon as there may be one more. */
    synchronized void await(RunEntry entry, Action.ReserveStart action) {
        forget(entry.commandId());
        Waiter waiter = new Waiter(entry, action);
        waiting.put(entry.commandId(), waiter);
        asking.put(waiter.place(), waiter);
    }

    /**
     * Takes those out, in order, for whose runs there is room; their places are held until their entries change. Looks at
     * those that have come since the last time, and at the first of each job where there may be room since.
     */
    synchronized List<Action.ReserveStart> takeFree() {
        List<Action.ReserveStart> free = new ArrayList<>();
        List<Waiter> come = List.copyOf(asking.values());
        asking.clear();
        for (Waiter waiter : come) {
            steps++;
            if (granted.containsKey(waiter.entry().commandId()) || !isLimited(waiter.connection())) {
                grant(waiter, free);
            } else {
                queues.computeIfAbsent(waiter.job(), job -> new Queue()).waiters.put(waiter.place(), waiter);
                settle(waiter.job());
            }
        }
        for (String connection : List.copyOf(changed)) {
            NavigableMap<Place, Waiter> first = firsts.getOrDefault(connection, Collections.emptyNavigableMap());
            while (!first.isEmpty() && hasRoom(connection)) {
                steps++;
                grant(first.values().iterator().next(), free);
            }
        }
        changed.clear();
        return free;
    }

    private void grant(Waiter waiter, List<Action.ReserveStart> free) {
        forget(waiter.entry().commandId());
        if (granted.putIfAbsent(waiter.entry().commandId(), waiter) == null) {
            take(waiter.entry(), key(waiter.entry()), 1);
        }
        free.add(waiter.action());
    }

    /** Whether a command may start now; not any more if its entry has changed since. */
    synchronized boolean isGranted(String commandId) {
        return granted.containsKey(commandId);
    }

    /** A command does not start now after all: its place is free for another. */
    synchronized void giveBack(String commandId) {
        @Nullable Waiter waiter = granted.remove(commandId);
        if (waiter != null) {
            take(waiter.entry(), key(waiter.entry()), -1);
        }
    }

    /**
     * Takes the place of a command away that has become one too many: a run that is found takes a place without asking.
     *
     * @return what the command has asked for; null if it may start
     */
    synchronized Action.@Nullable ReserveStart revoke(String commandId) {
        @Nullable Waiter waiter = granted.get(commandId);
        if (waiter == null || !isOverfull(waiter)) {
            return null;
        }
        giveBack(commandId);
        return waiter.action();
    }

    private boolean isOverfull(Waiter waiter) {
        Policy.@Nullable ForConnection limit = limits.get(waiter.connection());
        return limit != null
                && (isAbove(new Scope(waiter.connection(), null), limit.maxInFlight())
                        || isAbove(waiter.job(), limit.maxInFlightPerJob()));
    }

    /** A command does not want to start any more, whether it waits or has its place. */
    synchronized void withdraw(String commandId) {
        forget(commandId);
        giveBack(commandId);
    }

    /** Whether a command waits because as many runs are in flight as may be. */
    synchronized boolean isWaiting(String commandId) {
        return waiting.containsKey(commandId);
    }

    /** The number of commands visited so far: the cost of the work here, for a test that it does not grow. */
    int steps() {
        return steps;
    }

    private boolean isLimited(String connection) {
        Policy.@Nullable ForConnection limit = limits.get(connection);
        return limit != null && (limit.maxInFlight() != null || limit.maxInFlightPerJob() != null);
    }

    private boolean hasRoom(String connection) {
        Policy.@Nullable ForConnection limit = limits.get(connection);
        return limit == null || isBelow(new Scope(connection, null), limit.maxInFlight());
    }

    private boolean hasRoom(Scope job) {
        Policy.@Nullable ForConnection limit = limits.get(job.connection());
        return limit == null || isBelow(job, limit.maxInFlightPerJob());
    }

    private boolean isBelow(Scope scope, @Nullable Integer most) {
        return most == null || taken.getOrDefault(scope, Map.of()).size() < most;
    }

    private boolean isAbove(Scope scope, @Nullable Integer most) {
        return most != null && taken.getOrDefault(scope, Map.of()).size() > most;
    }

    private void forget(String commandId) {
        @Nullable Waiter waiter = waiting.remove(commandId);
        if (waiter == null || asking.remove(waiter.place()) != null) {
            return;
        }
        @Nullable Queue queue = queues.get(waiter.job());
        if (queue != null) {
            queue.waiters.remove(waiter.place());
            settle(waiter.job());
        }
    }

    /** The queue of a job has changed, or how many of its runs are in flight. */
    private void settle(Scope job) {
        changed.add(job.connection());
        @Nullable Queue queue = queues.get(job);
        if (queue == null) {
            return;
        }
        NavigableMap<Place, Waiter> first = firsts.computeIfAbsent(job.connection(), any -> new TreeMap<>());
        if (queue.first != null) {
            first.remove(queue.first);
            queue.first = null;
        }
        if (queue.waiters.isEmpty()) {
            queues.remove(job);
        } else if (hasRoom(job)) {
            Waiter next = queue.waiters.values().iterator().next();
            queue.first = next.place();
            first.put(next.place(), next);
        }
    }

    private void count(RunEntry entry, int one) {
        if (granted.containsKey(entry.commandId()) && one < 0) {
            take(entry, key(entry), -1);
            return;
        }
        if (entry.unfinished() && entry.openCommand().task().starts() && isInFlight(entry.state())) {
            take(entry, key(entry), one);
        }
    }

    /** Does not count runs without a limit: there may be many. */
    private void take(RunEntry entry, String key, int one) {
        ResolvedCommand resolved = entry.openCommand();
        if (!isLimited(resolved.connection())) {
            return;
        }
        take(new Scope(resolved.connection(), null), key, one);
        if (resolved.jobId() != null) {
            take(new Scope(resolved.connection(), resolved.jobId()), key, one);
        }
    }

    private void take(Scope scope, String key, int one) {
        Map<String, Integer> holders = taken.computeIfAbsent(scope, any -> new HashMap<>());
        holders.merge(key, one, (before, change) -> before + change == 0 ? null : before + change);
        if (holders.isEmpty()) {
            taken.remove(scope);
        }
        settle(scope);
    }

    /** Two commands that follow one run take one place. */
    private static String key(RunEntry entry) {
        return entry.state() instanceof RunState.WithRun withRun
                ? "run " + withRun.run().runId()
                : "command " + entry.commandId();
    }

    private static boolean isInFlight(RunState state) {
        return switch (state) {
            case RunState.Starting starting -> true;
            case RunState.Searching searching -> true;
            case RunState.Following following -> true;
            case RunState.Cancelling cancelling -> true;
            case RunState.Waiting waiting -> false;
            case RunState.Judging judging -> false;
            case RunState.Retrying retrying -> false;
            case RunState.Joined joined -> false;
            case RunState.Collecting collecting -> false;
            case RunState.Finished finished -> false;
        };
    }
}
