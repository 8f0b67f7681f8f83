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
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.Target;
import org.jspecify.annotations.Nullable;

/**
 * The runs in flight on this instance, by account and by when each is to be polled next. A run in flight is nothing more
 * than a place in here: no thread, no connection.
 */
@Singleton
public class PollSchedule {

    /** dbt Cloud lists at most 100 runs at a time. */
    private static final int PAGE = 100;

    /** The results of a round are held until all of them are there. */
    private static final int MOST_AT_ONCE = 20 * PAGE;

    /** A hint about a run that is not watched is kept for so long: it may be on its way. */
    private static final Duration EARLY = Duration.ofMinutes(1);

    private static final int MOST_EARLY = 1_000;

    private final Map<Target, Account> accounts = new ConcurrentHashMap<>();
    private final EarlyHints early = new EarlyHints();

    private final AtomicLong claims = new AtomicLong();

    /**
     * A run to be polled.
     *
     * @param claim that it was added for
     * @param watch what was asked for
     * @param isHinted a webhook has made it due
     * @param inbox where what is seen goes
     */
    public record Watched(
            long claim,
            Action.SchedulePoll watch,
            Instant since,
            Instant due,
            boolean isHinted,
            Consumer<Input> inbox) {

        /** The command that follows the run. */
        public String commandId() {
            return watch.commandId();
        }

        /** The run. */
        public long runId() {
            return watch.runId();
        }

        private Watched hintedAt(Instant now) {
            return new Watched(claim, watch, since, due.isBefore(now) ? due : now, true, inbox);
        }
    }

    /** The accounts that have runs in flight. */
    public Set<Target> accounts() {
        return accounts.keySet();
    }

    /** How many runs are waiting to be polled. */
    public int size() {
        return accounts.values().stream().mapToInt(Account::size).sum();
    }

    /** The number of a claim that begins: what it adds is its own, and nobody else's to drop. */
    long begin() {
        return claims.incrementAndGet();
    }

    void add(long claim, Action.SchedulePoll watch, Instant now, Consumer<Input> inbox) {
        Account account = accounts.computeIfAbsent(watch.target(), target -> new Account());
        account.put(new Watched(claim, watch, now, watch.due(), false, inbox));
        // Only now: a hint looks for the run after it has been kept, so one of both sees the other.
        if (early.take(watch.target().accountId(), watch.runId(), now)) {
            account.hinted(watch.runId(), now);
        }
    }

    /**
     * Somebody says that something has happened to a run: if it is one of ours, it is due from now on. One that is being
     * polled, or about to be watched, is due again as soon as it is watched.
     *
     * @return those whose runs have become due
     */
    public List<Target> hinted(long accountId, long runId, Instant now) {
        List<Target> found = madeDue(accountId, runId, now);
        if (!found.isEmpty()) {
            return found;
        }
        early.keep(accountId, runId, now);
        // It may have been added meanwhile, before the hint was there to be seen.
        found = madeDue(accountId, runId, now);
        if (!found.isEmpty()) {
            early.take(accountId, runId, now);
        }
        return found;
    }

    private List<Target> madeDue(long accountId, long runId, Instant now) {
        return accounts.entrySet().stream()
                .filter(account -> account.getKey().accountId() == accountId
                        && account.getValue().hinted(runId, now))
                .map(Map.Entry::getKey)
                .toList();
    }

    /**
     * Forgets the runs of a claim: it is over, or its waits begin anew. An owner that ends late takes nothing from the one
     * that has the same partition by then.
     */
    void drop(long claim) {
        accounts.values().forEach(account -> account.drop(claim));
    }

    /** The number of runs and hints visited so far: the cost of the work here, for a test that it does not grow. */
    int steps() {
        return early.steps
                + accounts.values().stream().mapToInt(account -> account.steps).sum();
    }

    /**
     * Takes the runs of an account that are due, at most 2,000 of them. The last request of a round is filled up with the
     * runs that are due next, as far as half of their time has passed: it costs nothing and saves a request later.
     *
     * @param wholeList polling some runs costs the list of all: then all are taken that are due or whose time is half
     *     over, however many, and so the runs come to be polled together, once or twice in an interval, whenever they began
     */
    public List<Watched> takeDue(Target target, Instant now, boolean wholeList) {
        Account account = accounts.get(target);
        return account == null ? List.of() : account.takeDue(now, wholeList);
    }

    private static final class Account {

        private final TreeSet<Watched> byTime = new TreeSet<>(Comparator.comparing(Watched::due)
                .thenComparing(Watched::commandId)
                .thenComparingLong(Watched::claim));
        private final Map<Long, Map<String, Watched>> byClaim = new HashMap<>();
        private final TreeSet<Watched> byRun = new TreeSet<>(Comparator.comparingLong(Watched::runId)
                .thenComparingLong(Watched::claim)
                .thenComparing(Watched::commandId));
        private int steps;

        synchronized boolean hinted(long runId, Instant now) {
            List<Watched> found = new ArrayList<>();
            for (Watched watched : byRun.tailSet(firstOf(runId, now))) {
                steps++;
                if (watched.runId() != runId) {
                    break;
                }
                found.add(watched);
            }
            found.forEach(watched -> put(watched.hintedAt(now)));
            return !found.isEmpty();
        }

        synchronized void put(Watched watched) {
            steps++;
            @Nullable
            Watched before = byClaim.computeIfAbsent(watched.claim(), claim -> new HashMap<>())
                    .put(watched.commandId(), watched);
            if (before != null) {
                byTime.remove(before);
                byRun.remove(before);
            }
            byTime.add(watched);
            byRun.add(watched);
        }

        /** It comes before all that follow the run. */
        private static Watched firstOf(long runId, Instant any) {
            Action.SchedulePoll watch = new Action.SchedulePoll("", new Target("", 0), runId, any, 0);
            return new Watched(0, watch, any, any, false, input -> {});
        }

        synchronized void drop(long claim) {
            @Nullable Map<String, Watched> dropped = byClaim.remove(claim);
            if (dropped != null) {
                for (Watched watched : dropped.values()) {
                    steps++;
                    byTime.remove(watched);
                    byRun.remove(watched);
                }
            }
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
                byRun.remove(next);
                byClaim.computeIfPresent(next.claim(), (claim, watched) -> {
                    watched.remove(next.commandId());
                    return watched.isEmpty() ? null : watched;
                });
                taken.add(next);
            }
            return taken;
        }

        private static boolean halfOver(Watched watched, Instant now) {
            Duration gap = Duration.between(watched.since(), watched.due());
            return !now.isBefore(watched.since().plus(gap.dividedBy(2)));
        }
    }

    /**
     * Hints about runs that nobody here follows yet, the oldest first. They are kept whatever the account: the first run of an account may
     * start before it is watched.
     */
    private static final class EarlyHints {

        private record Run(long accountId, long runId) {}

        private final LinkedHashMap<Run, Instant> hints = new LinkedHashMap<>();
        private int steps;

        synchronized void keep(long accountId, long runId, Instant now) {
            Run run = new Run(accountId, runId);
            hints.remove(run);
            while (hints.size() >= MOST_EARLY
                    || (!hints.isEmpty()
                            && hints.values().iterator().next().plus(EARLY).isBefore(now))) {
                steps++;
                hints.pollFirstEntry();
            }
            hints.put(run, now);
        }

        /** Whether there was one that is not too old; it is gone now. */
        synchronized boolean take(long accountId, long runId, Instant now) {
            @Nullable Instant hinted = hints.remove(new Run(accountId, runId));
            return hinted != null && hinted.plus(EARLY).isAfter(now);
        }
    }
}
