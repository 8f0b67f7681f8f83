package org.dbtrelay.run.command;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A command as its producer sent it, read but not yet judged. */
public sealed interface Command {

    /** What every command has. */
    Head head();

    /** The same as part of another trace. */
    Command in(@Nullable TraceContext trace);

    /** The same under another id. */
    Command named(String id);

    /** The id of a command that came without one. */
    static String idOfPlace(String topic, int partition, long offset, long timestamp) {
        return topic + "-" + partition + "-" + offset + "-" + timestamp;
    }

    /** What {@code command} says: {@code trigger}, {@code retry}, … or {@code unknown}. */
    String verb();

    /** The idempotency key: 1 to 128 printable characters. */
    default String id() {
        return head().id();
    }

    /**
     * What every command has, whatever it asks for.
     *
     * @param id the idempotency key: 1 to 128 printable characters
     * @param connection the name of the connection that it wants
     * @param accountId null: the connection's own
     * @param expiresAt nothing is begun after it; null: no such bound
     * @param context JSON as text, echoed in every event; null: none
     * @param trace the trace that it belongs to; null: none
     */
    record Head(
            String id,
            String connection,
            @Nullable Long accountId,
            @Nullable Instant expiresAt,
            @Nullable String context,
            @Nullable TraceContext trace) {

        private Head in(@Nullable TraceContext other) {
            return new Head(id, connection, accountId, expiresAt, context, other);
        }

        private Head named(String other) {
            return new Head(other, connection, accountId, expiresAt, context, trace);
        }
    }

    /**
     * A command that says clearly what is to be done.
     *
     * @param requested what it says about how
     */
    record Fit(Head head, Task task, RequestedOptions requested) implements Command {
        @Override
        public Fit in(@Nullable TraceContext trace) {
            return new Fit(head.in(trace), task, requested);
        }

        @Override
        public Fit named(String id) {
            return new Fit(head.named(id), task, requested);
        }

        @Override
        public String verb() {
            return task.verb();
        }
    }

    /**
     * A record that can be read but is no command to carry out.
     *
     * @param message names the field and the rule
     */
    record Unfit(Head head, String verb, RejectReason reason, String message) implements Command {
        @Override
        public Unfit in(@Nullable TraceContext trace) {
            return new Unfit(head.in(trace), verb, reason, message);
        }

        @Override
        public Unfit named(String id) {
            return new Unfit(head.named(id), verb, reason, message);
        }
    }
}
