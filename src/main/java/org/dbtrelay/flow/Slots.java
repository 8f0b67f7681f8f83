package org.dbtrelay.flow;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.dbtrelay.run.Action;
import org.dbtrelay.run.Order;
import org.dbtrelay.run.Policy;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunState;
import org.jspecify.annotations.Nullable;

/**
 * How many runs of a connection and of a job may be in flight at once, for one claim. Commands that would be one too many
 * wait here in the order of their records. What is in flight follows from the entries. Safe for several threads; changed by
 * one.
 */
final class Slots {

    private final Map<String, Policy.ForConnection> limits;
    private final Map<Scope, Map<String, Integer>> taken = new HashMap<>();
    private final NavigableMap<Place, Waiter> waiting = new TreeMap<>();
    private final Map<String, Place> places = new HashMap<>();
    private final Map<String, RunEntry> granted = new HashMap<>();

    Slots(Policy policy) {
        this.limits = policy.connections();
    }

    /** What a limit is about: a connection's runs, or those of one of its jobs. */
    private record Scope(String connection, @Nullable Long jobId) {}

    private record Place(long offset, String commandId) implements Comparable<Place> {
        @Override
        public int compareTo(Place other) {
            int byOffset = Long.compare(offset, other.offset);
            return byOffset == 0 ? commandId.compareTo(other.commandId) : byOffset;
        }
    }

    private record Waiter(RunEntry entry, Action.ReserveStart action) {}

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
        Place place = new Place(entry.offset(), entry.commandId());
        places.put(entry.commandId(), place);
        waiting.put(place, new Waiter(entry, action));
    }

    /** Takes those out, in order, for whose runs there is room; their places are held until their entries change. */
    synchronized List<Action.ReserveStart> takeFree() {
        List<Action.ReserveStart> free = new ArrayList<>();
        for (Waiter waiter : List.copyOf(waiting.values())) {
            if (hasRoom(waiter.entry())) {
                forget(waiter.entry().commandId());
                if (granted.putIfAbsent(waiter.entry().commandId(), waiter.entry()) == null) {
                    take(waiter.entry(), key(waiter.entry()), 1);
                }
                free.add(waiter.action());
            }
        }
        return free;
    }

    /** Whether a command may start now; not any more if its entry has changed since. */
    synchronized boolean isGranted(String commandId) {
        return granted.containsKey(commandId);
    }

    /** A command does not start now after all: its place is free for another. */
    synchronized void giveBack(String commandId) {
        @Nullable RunEntry entry = granted.remove(commandId);
        if (entry != null) {
            take(entry, key(entry), -1);
        }
    }

    /** Whether a command waits because as many runs are in flight as may be. */
    synchronized boolean isWaiting(String commandId) {
        return places.containsKey(commandId);
    }

    private boolean hasRoom(RunEntry entry) {
        Order order = entry.openOrder();
        Policy.@Nullable ForConnection limit = limits.get(order.connection());
        if (limit == null || granted.containsKey(entry.commandId())) {
            return true;
        }
        return isBelow(new Scope(order.connection(), null), limit.maxInFlight())
                && isBelow(new Scope(order.connection(), order.jobId()), limit.maxInFlightPerJob());
    }

    private boolean isBelow(Scope scope, @Nullable Integer most) {
        return most == null || taken.getOrDefault(scope, Map.of()).size() < most;
    }

    private void forget(String commandId) {
        @Nullable Place place = places.remove(commandId);
        if (place != null) {
            waiting.remove(place);
        }
    }

    private void count(RunEntry entry, int one) {
        if (granted.containsKey(entry.commandId()) && one < 0) {
            take(entry, key(entry), -1);
            return;
        }
        if (entry.unfinished() && entry.openOrder().task().starts() && isInFlight(entry.state())) {
            take(entry, key(entry), one);
        }
    }

    /** Where there is no limit nothing needs to be counted: there may be many. */
    private void take(RunEntry entry, String key, int one) {
        Order order = entry.openOrder();
        Policy.@Nullable ForConnection limit = limits.get(order.connection());
        if (limit == null || (limit.maxInFlight() == null && limit.maxInFlightPerJob() == null)) {
            return;
        }
        take(new Scope(order.connection(), null), key, one);
        if (order.jobId() != null) {
            take(new Scope(order.connection(), order.jobId()), key, one);
        }
    }

    private void take(Scope scope, String key, int one) {
        Map<String, Integer> holders = taken.computeIfAbsent(scope, any -> new HashMap<>());
        holders.merge(key, one, (before, change) -> before + change == 0 ? null : before + change);
        if (holders.isEmpty()) {
            taken.remove(scope);
        }
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
            case RunState.Looking looking -> true;
            case RunState.Following following -> true;
            case RunState.Cancelling cancelling -> true;
            case RunState.Waiting waiting -> false;
            case RunState.Collecting collecting -> false;
            case RunState.Finished finished -> false;
        };
    }
}
