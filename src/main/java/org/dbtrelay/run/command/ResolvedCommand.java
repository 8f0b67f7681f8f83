package org.dbtrelay.run.command;

import java.time.Instant;
import org.dbtrelay.run.job.Target;
import org.jspecify.annotations.Nullable;

/**
 * What a command asks for, with everything resolved that was open in it. It stays as it was at acceptance: a changed
 * configuration applies to new commands.
 *
 * @param jobId null until it is known: a job by names is looked up, a run is read
 * @param jobName null until known
 * @param expiresAt nothing is begun after it; null: no such bound
 * @param requested what the command itself said about the terms, for as long as its job is not known, whose configuration they
 *     depend on; null: the terms are settled
 * @param traceparent of its {@link #trace}; null: it belongs to none
 * @param tracestate likewise
 */
public record ResolvedCommand(
        Task task,
        String connection,
        long accountId,
        @Nullable Long jobId,
        @Nullable String jobName,
        @Nullable Instant expiresAt,
        @Nullable RequestedOptions requested,
        RunOptions options,
        @Nullable String context,
        @Nullable String traceparent,
        @Nullable String tracestate) {

    /** The connection and account that it goes to. */
    public Target target() {
        return new Target(connection, accountId);
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
    public ResolvedCommand withJob(long id, @Nullable String name) {
        return new ResolvedCommand(
                task,
                connection,
                accountId,
                id,
                name == null ? jobName : name,
                expiresAt,
                requested,
                options,
                context,
                traceparent,
                tracestate);
    }

    /** The same order with what was open in its task resolved. */
    public ResolvedCommand with(Task resolved) {
        return new ResolvedCommand(
                resolved,
                connection,
                accountId,
                jobId,
                jobName,
                expiresAt,
                requested,
                options,
                context,
                traceparent,
                tracestate);
    }

    /** The same order without the producer's context. */
    public ResolvedCommand withoutContext() {
        return new ResolvedCommand(
                task,
                connection,
                accountId,
                jobId,
                jobName,
                expiresAt,
                requested,
                options,
                null,
                traceparent,
                tracestate);
    }

    /** The same order on settled terms. */
    public ResolvedCommand on(RunOptions settled) {
        return new ResolvedCommand(
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

    /** Whether nothing may be begun any more. */
    public boolean isExpired(Instant now) {
        return expiresAt != null && !now.isBefore(expiresAt);
    }
}
