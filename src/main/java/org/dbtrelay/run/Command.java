package org.dbtrelay.run;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A command as its producer sent it, read but not yet judged. */
public sealed interface Command {

    /** The idempotency key: 1 to 128 printable characters. */
    String id();

    /** What {@code command} says: {@code trigger}, {@code retry}, … */
    String verb();

    /** The name of the connection that it wants. */
    String connection();

    /** The producer's {@code context}, JSON as text, echoed in every event; null if there is none. */
    @Nullable
    String context();

    /** The trace that it belongs to; null if it came without one. */
    @Nullable
    TraceContext trace();

    /**
     * Run a job.
     *
     * @param accountId null: the connection's own
     * @param cause null: none of the producer's
     * @param overrides what it changes of the job for this run
     * @param pollInterval null: as configured
     * @param timeout null: as configured; from acceptance
     * @param cancelAtDeadline null: as configured; see {@link Order}
     * @param parkUnclear null: as configured; see {@link Order}
     * @param artifacts null: as configured; empty: none
     */
    record Trigger(
            String id,
            String connection,
            @Nullable Long accountId,
            JobSelector job,
            @Nullable String cause,
            Overrides overrides,
            @Nullable Duration pollInterval,
            @Nullable Duration timeout,
            @Nullable Boolean cancelAtDeadline,
            @Nullable Boolean parkUnclear,
            @Nullable List<String> artifacts,
            @Nullable String context,
            @Nullable TraceContext trace)
            implements Command {
        @Override
        public String verb() {
            return "trigger";
        }
    }

    /**
     * A record that can be read but is no command to carry out: a wrong field, or something of the contract that this
     * build does not do yet.
     *
     * @param message names the field and the rule
     */
    record Unfit(
            String id,
            String verb,
            String connection,
            RejectReason reason,
            String message,
            @Nullable String context,
            @Nullable TraceContext trace)
            implements Command {}
}
