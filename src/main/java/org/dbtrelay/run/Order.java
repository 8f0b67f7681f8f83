package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a command asks for, with everything resolved that was open in it. It stays as it was at acceptance: a changed
 * configuration applies to new commands.
 *
 * @param jobId null until a job by names has been looked up
 * @param jobName null until known
 * @param cause the producer's own, without the marker
 * @param deadline the run is followed until then
 * @param cancelAtDeadline else it is abandoned there
 * @param parkUnclear a start that stays unclear ends the command instead of being tried again
 * @param traceparent of its {@link #trace}; null: it belongs to none
 * @param tracestate likewise
 */
public record Order(
        String verb,
        String connection,
        long accountId,
        JobSelector selector,
        @Nullable Long jobId,
        @Nullable String jobName,
        @Nullable String cause,
        Overrides overrides,
        Duration pollInterval,
        Instant deadline,
        boolean cancelAtDeadline,
        boolean parkUnclear,
        List<String> artifacts,
        @Nullable String context,
        @Nullable String traceparent,
        @Nullable String tracestate) {

    public Order {
        artifacts = List.copyOf(artifacts);
    }

    /** The same order with its job known. */
    public Order withJob(long id, @Nullable String name) {
        return new Order(
                verb,
                connection,
                accountId,
                selector,
                id,
                name == null ? jobName : name,
                cause,
                overrides,
                pollInterval,
                deadline,
                cancelAtDeadline,
                parkUnclear,
                artifacts,
                context,
                traceparent,
                tracestate);
    }

    /** The trace that it belongs to. */
    public @Nullable TraceContext trace() {
        return traceparent == null ? null : new TraceContext(traceparent, tracestate);
    }
}
