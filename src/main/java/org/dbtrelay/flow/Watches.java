package org.dbtrelay.flow;

import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.dbtrelay.run.Action;
import org.dbtrelay.run.Input;
import org.jspecify.annotations.Nullable;

/**
 * The runs in flight on this instance, by account and by when each is to be looked at next. A run in flight is nothing more
 * than a place in here: no thread, no connection.
 */
@Singleton
public class Watches {

    /** dbt Cloud lists at most 100 runs at a time. */
    private static final int PAGE = 100;

    /** What is seen in a round is held until all of it is there. */
    private static final int MOST_AT_ONCE = 20 * PAGE;

    /** A hint about a run that is not watched is kept for so long: it may be on its way. */
    private static final Duration EARLY = Duration.ofMinutes(1);

    private static final int MOST_EARLY = 1_000;

    private final Map<Action.Target, Account> accounts = new ConcurrentHashMap<>();

    /**
     * A run to be looked at.
     *
     * @param watch what was asked for
     * @param isHinted a webhook has made it due
     * @param inbox where what is seen goes
     */
    public record Watched(
            int partition, Action.Watch watch, Instant since, Instant due, boolean isHinted, Consumer<Input> inbox) {

        /** The command that follows the run. */
        public String commandId() {
            return watch.commandId();
        }

        /** The run. */
        public long runId() {
            return watch.runId();
        }

        private Watched hintedAt(Instant now) {
            return new Watched(partition, watch, since, due.isBefore(now) ? due : now, true, inbox);
        }

        private Key key() {
            return new Key(partition, watch.commandId());
        }
    }

    /** An id belongs to a partition: somebody may send it with two record keys, and each of the two is a command. */
    private record Key(int partition, String commandId) {}

    /** The accounts that have runs in flight. */
    public Set<Action.Target> accounts() {
        return accounts.keySet();
    }

    /** How many runs are waiting to be looked at. */
    public int size() {
        return accounts.values().stream().mapToInt(Account::size).sum();
    }

    void add(int partition, Action.Watch watch, Instant now, Consumer<Input> inbox) {
        accounts.computeIfAbsent(watch.target(), target -> new Account())
                .add(new Watched(partition, watch, now, watch.due(), false, inbox));
    }

    /**
     * Somebody says that something has happened to a run: if it is one of ours, it is due from now on. One that is being looked
     * at, or about to be watched, is due again as soon as it is watched.
     *
     * @return those whose runs have become due
     */
    public List<Action.Target> hinted(long accountId, long runId, Instant now) {
        return accounts.entrySet().stream()
                .filter(account -> account.getKey().accountId() == accountId
                        && account.getValue().hinted(runId, now))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Forgets the runs of a partition: it is no longer ours, or is read again. */
    void drop(int partition) {
        accounts.values().forEach(account -> account.drop(partition));
    }

    /**
     * Takes the runs of an account that are due, at most 2,000 of them. The last request of a round is filled up with the
     * runs that are due next, as far as half of their time has passed: it costs nothing and saves a request later.
     *
     * @param wholeList looking at some runs costs the list of all: then all are taken that are due or whose time is half
     *     over, however many, and so the runs come to be looked at together, once or twice in an interval, whenever they began
     */
    public List<Watched> takeDue(Action.Target target, Instant now, boolean wholeList) {
        Account account = accounts.get(target);
        return account == null ? List.of() : account.takeDue(now, wholeList);
    }

    private static final class Account {

        private final TreeSet<Watched> byTime = new TreeSet<>(Comparator.comparing(Watched::due)
                .thenComparing(Watched::commandId)
                .thenComparingInt(Watched::partition));
        private final Map<Key, Watched> byCommand = new HashMap<>();
        private final Map<Long, Instant> early = new LinkedHashMap<>();

        synchronized void add(Watched wanted) {
            @Nullable Instant hinted = early.remove(wanted.runId());
            boolean isNews = hinted != null && hinted.plus(EARLY).isAfter(wanted.since());
            put(isNews ? wanted.hintedAt(wanted.since()) : wanted);
        }

        synchronized boolean hinted(long runId, Instant now) {
            List<Watched> found = byCommand.values().stream()
                    .filter(watched -> watched.runId() == runId)
                    .toList();
            found.forEach(watched -> put(watched.hintedAt(now)));
            if (found.isEmpty()) {
                early.values()
                        .removeIf(at ->
                                early.size() >= MOST_EARLY || at.plus(EARLY).isBefore(now));
                early.put(runId, now);
            }
            return !found.isEmpty();
        }

        private void put(Watched watched) {
            @Nullable Watched before = byCommand.put(watched.key(), watched);
            if (before != null) {
                byTime.remove(before);
            }
            byTime.add(watched);
        }

        synchronized void drop(int partition) {
            byTime.removeIf(watched -> watched.partition() == partition);
            byCommand.values().removeIf(watched -> watched.partition() == partition);
        }

        synchronized int size() {
            return byTime.size();
        }

        synchronized List<Watched> takeDue(Instant now, boolean wholeList) {
            List<Watched> taken = new ArrayList<>();
            while (!byTime.isEmpty() && (wholeList || taken.size() < MOST_AT_ONCE)) {
                Watched next = byTime.first();
                boolean due = !next.due().isAfter(now);
                boolean alongside = !taken.isEmpty() && (wholeList || taken.size() % PAGE != 0) && halfOver(next, now);
                if (!due && !alongside) {
                    break;
                }
                byTime.remove(next);
                byCommand.remove(next.key());
                taken.add(next);
            }
            return taken;
        }

        private static boolean halfOver(Watched watched, Instant now) {
            Duration gap = Duration.between(watched.since(), watched.due());
            return !now.isBefore(watched.since().plus(gap.dividedBy(2)));
        }
    }
}
