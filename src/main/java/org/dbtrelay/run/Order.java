package org.dbtrelay.run;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a command asks for, with everything resolved that was open in it. It stays as it was at acceptance: a changed
 * configuration applies to new commands.
 *
 * @param jobId null until it is known: a job by names is looked up, a run is read
 * @param jobName null until known
 * @param expiresAt nothing is begun after it; null: no such bound
 * @param open what the command itself said about the terms, for as long as its job is not known, whose configuration they
 *     depend on; null: the terms are settled
 * @param traceparent of its {@link #trace}; null: it belongs to none
 * @param tracestate likewise
 */
public record Order(
        Task task,
        String connection,
        long accountId,
        @Nullable Long jobId,
        @Nullable String jobName,
        @Nullable Instant expiresAt,
        @Nullable Wishes open,
        Terms terms,
        @Nullable String context,
        @Nullable String traceparent,
        @Nullable String tracestate) {

    /** The connection and account that it goes to. */
    public Action.Target target() {
        return new Action.Target(connection, accountId);
    }

    /** The trace that it belongs to. */
    public @Nullable TraceContext trace() {
        return traceparent == null ? null : new TraceContext(traceparent, tracestate);
    }

    /** The producer's cause, without the marker. */
    public @Nullable String cause() {
        return task instanceof Task.Trigger trigger ? trigger.cause() : null;
    }

    /** The same order with its job known, and its name if that is told. */
    Order withJob(long id, @Nullable String name) {
        return new Order(
                task,
                connection,
                accountId,
                id,
                name == null ? jobName : name,
                expiresAt,
                open,
                terms,
                context,
                traceparent,
                tracestate);
    }

    /** The same order with what was open in its task resolved. */
    Order with(Task resolved) {
        return new Order(
                resolved,
                connection,
                accountId,
                jobId,
                jobName,
                expiresAt,
                open,
                terms,
                context,
                traceparent,
                tracestate);
    }

    /** The same order without the producer's context. */
    Order withoutContext() {
        return new Order(
                task, connection, accountId, jobId, jobName, expiresAt, open, terms, null, traceparent, tracestate);
    }

    /** The same order on settled terms. */
    Order on(Terms settled) {
        return new Order(
                task,
                connection,
                accountId,
                jobId,
                jobName,
                expiresAt,
                null,
                settled,
                context,
                traceparent,
                tracestate);
    }

    /** Whether it is a trigger, and has none of what came with version 3 of the ledger. */
    public boolean plainlyTriggers() {
        return task instanceof Task.Trigger trigger
                && !trigger.dryRun()
                && !trigger.retryFromFailure()
                && expiresAt == null
                && !namesSteps(terms.artifacts())
                && (open == null || open.artifacts() == null || !namesSteps(open.artifacts()))
                && terms.ifRunning() == IfRunning.QUEUE;
    }

    private static boolean namesSteps(List<ArtifactWish> artifacts) {
        return artifacts.stream().anyMatch(artifact -> artifact.step() != null);
    }

    /** Whether nothing may be begun any more. */
    boolean isExpired(Instant now) {
        return expiresAt != null && !now.isBefore(expiresAt);
    }
}
