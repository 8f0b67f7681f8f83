package org.dbtrelay.run.command;

import java.time.Instant;
import org.dbtrelay.run.job.Target;
import org.jspecify.annotations.Nullable;

/**
 * A command with everything resolved that was open in it. It stays as it was at acceptance: a changed
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

    /** The same command with its job known, and its name if that is told. */
    public ResolvedCommand withJob(long id, @Nullable String name) {
        return with(task, id, name == null ? jobName : name, requested, options, context);
    }

    /** The same command with what was open in its task resolved. */
    public ResolvedCommand with(Task resolved) {
        return with(resolved, jobId, jobName, requested, options, context);
    }

    /** The same command without the producer's context. */
    public ResolvedCommand withoutContext() {
        return with(task, jobId, jobName, requested, options, null);
    }

    /** The same command with settled options. */
    public ResolvedCommand on(RunOptions settled) {
        return with(task, jobId, jobName, null, settled, context);
    }

    private ResolvedCommand with(
            Task newTask,
            @Nullable Long newJobId,
            @Nullable String newJobName,
            @Nullable RequestedOptions newRequested,
            RunOptions newOptions,
            @Nullable String newContext) {
        return new ResolvedCommand(
                newTask,
                connection,
                accountId,
                newJobId,
                newJobName,
                expiresAt,
                newRequested,
                newOptions,
                newContext,
                traceparent,
                tracestate);
    }

    /** Whether its expiry has passed, so that nothing may be begun any more. */
    public boolean isExpired(Instant now) {
        return expiresAt != null && !now.isBefore(expiresAt);
    }
}
