package org.dbtrelay.emulator;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The faults in force. A script starts with how often ({@link #next}, {@link #always}, {@link #during},
 * {@link #randomly}), says where ({@link FaultScript#on}), and ends with what. Of several faults that fit a request the
 * oldest one counts; hiding a new run goes together with another.
 */
public final class Faults {
    private final Clock clock;
    private final RunOfJob runs;
    private final List<FaultRule> rules = new ArrayList<>();
    private final Map<Long, Lock> locks = new HashMap<>();

    Faults(Clock clock, RunOfJob runs) {
        this.clock = clock;
        this.runs = runs;
    }

    /** Tells a run's job, null if there is no such run. */
    interface RunOfJob {
        @Nullable
        Long jobOf(long runId);
    }

    private record Lock(Instant until, @Nullable String retryAfter) {}

    /** What happens to one request. */
    record Verdict(@Nullable Fault fault, Hiding hiding) {}

    /** For the next {@code count} requests that fit. */
    public FaultScript next(int count) {
        return new FaultScript(this, count, null, 1.0, 0);
    }

    /** For all requests that fit, until the rule is removed. */
    public FaultScript always() {
        return new FaultScript(this, -1, null, 1.0, 0);
    }

    /** For all requests that fit, for {@code time} on the emulator's clock. */
    public FaultScript during(Duration time) {
        return new FaultScript(this, -1, time, 1.0, 0);
    }

    /** For each request that fits with that probability, drawn in order from a generator with that seed. */
    public FaultScript randomly(double probability, long seed) {
        return new FaultScript(this, -1, null, probability, seed);
    }

    /** Removes all rules and lock-outs. */
    public synchronized void clear() {
        rules.clear();
        locks.clear();
    }

    /** The number of rules. */
    public synchronized int inForce() {
        return rules.size();
    }

    /** Ends a lock-out by 429 before its time. */
    public synchronized void unlock(long accountId) {
        locks.remove(accountId);
    }

    /** Answers every request of the account with 429 for {@code time}. */
    synchronized void lock(long accountId, Duration time, @Nullable String retryAfter) {
        locks.put(accountId, new Lock(clock.instant().plus(time), retryAfter));
    }

    synchronized FaultRule add(FaultScript script, Fault fault) {
        Instant until = script.time == null ? null : clock.instant().plus(script.time);
        FaultRule rule = new FaultRule(this, script, fault, until);
        rules.add(rule);
        return rule;
    }

    synchronized void remove(FaultRule rule) {
        rules.remove(rule);
    }

    /** Decides on a request, and counts. */
    synchronized Verdict verdict(Request request) {
        Instant now = clock.instant();
        Long account = request.number("account");
        Lock lock = account == null ? null : locks.get(account);
        if (lock != null && now.isBefore(lock.until)) {
            return new Verdict(new Fault.RateLimit(Duration.ZERO, lock.retryAfter), Hiding.NOTHING);
        }
        Fault chosen = null;
        Hiding hiding = Hiding.NOTHING;
        for (FaultRule rule : rules) {
            if (rule.fault instanceof Fault.HideRun hide) {
                if (rule.hits(request, runs, now)) {
                    hiding = new Hiding(hide.fromLists(), hide.fromGet());
                }
            } else if (chosen == null && rule.hits(request, runs, now)) {
                chosen = rule.fault;
            }
        }
        rules.removeIf(rule -> rule.isSpent(now));
        if (chosen instanceof Fault.RateLimit limit && account != null) {
            locks.put(account, new Lock(now.plus(limit.lockOut()), limit.retryAfter()));
        }
        return new Verdict(chosen, hiding);
    }
}
