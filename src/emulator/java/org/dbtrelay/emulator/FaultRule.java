package org.dbtrelay.emulator;

import java.time.Instant;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A fault that is in force: for which requests, how often, until when. */
public final class FaultRule {
    final Fault fault;
    private final Faults owner;
    private final Set<Endpoint> endpoints;
    private final @Nullable Long accountId;
    private final @Nullable Long jobId;
    private final @Nullable Instant until;
    private final double probability;
    private final Random random;
    private int skip;
    private int left;
    private final AtomicInteger hits = new AtomicInteger();

    FaultRule(Faults owner, FaultScript script, Fault fault, @Nullable Instant until) {
        this.owner = owner;
        this.fault = fault;
        this.endpoints = Set.copyOf(script.endpoints);
        this.accountId = script.accountId;
        this.jobId = script.jobId;
        this.until = until;
        this.probability = script.probability;
        this.random = new Random(script.seed);
        this.skip = script.skip;
        this.left = script.times;
    }

    /** How many requests it has hit. */
    public int hits() {
        return hits.get();
    }

    /** Ends it. */
    public void remove() {
        owner.remove(this);
    }

    /** Whether the rule hits this request; each hit counts. Guarded by {@link Faults}. */
    boolean hits(Request request, Faults.@Nullable RunOfJob runs, Instant now) {
        if (left == 0 || isExpired(now) || !concerns(request, runs)) {
            return false;
        }
        if (skip > 0) {
            skip--;
            return false;
        }
        if (probability < 1.0 && random.nextDouble() >= probability) {
            return false;
        }
        if (left > 0) {
            left--;
        }
        hits.incrementAndGet();
        return true;
    }

    boolean isSpent(Instant now) {
        return left == 0 || isExpired(now);
    }

    private boolean isExpired(Instant now) {
        return until != null && !now.isBefore(until);
    }

    private boolean concerns(Request request, Faults.@Nullable RunOfJob runs) {
        if (!endpoints.isEmpty() && !endpoints.contains(request.endpoint())) {
            return false;
        }
        if (accountId != null && !accountId.equals(request.number("account"))) {
            return false;
        }
        if (fault instanceof Fault.RefuseParameter parameter && !request.query().has(parameter.name())) {
            return false;
        }
        return jobId == null || jobId.equals(jobOf(request, runs));
    }

    private static @Nullable Long jobOf(Request request, Faults.@Nullable RunOfJob runs) {
        Long inPath = request.number("job");
        if (inPath != null) {
            return inPath;
        }
        Long run = request.number("run");
        if (run != null && runs != null) {
            return runs.jobOf(run);
        }
        String filter = request.query().last("job_definition_id");
        return filter == null || !filter.matches("[0-9]{1,18}") ? null : Long.valueOf(filter);
    }
}
