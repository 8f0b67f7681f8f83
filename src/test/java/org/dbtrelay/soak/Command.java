package org.dbtrelay.soak;

import java.time.Clock;
import java.time.Instant;

/**
 * A command that was sent, or a record that is none.
 *
 * @param id the command's id; of a record that is no command, a text that stands in it
 * @param jobId what its record is keyed by; of a trigger also the job
 * @param target the command that a cancel or a retry is for, what is refused of the job of {@link Kind#REFUSED}, the word in
 *     {@code how} of {@link Kind#FLAKY}; empty for others
 * @param sentAt a time before its record was on its way
 */
record Command(String id, Kind kind, long jobId, String target, Instant sentAt) {

    Command(String id, Kind kind, long jobId, String target) {
        this(id, kind, jobId, target, Clock.systemUTC().instant());
    }

    /** The kinds of commands, by which they can end. */
    enum Kind {
        TRIGGER,
        /** A trigger of a job that there is not. */
        TRIGGER_OF_NOTHING,
        /** A trigger of a job of which dbt Cloud refuses something for ever. */
        REFUSED,
        /** A trigger with {@code on_failure}, of a job whose runs fail in a way that passes by itself, or for good, or not at all. */
        FLAKY,
        /** A trigger with {@code coalesce}, one of a burst. */
        BURST,
        CANCEL,
        RETRY,
        FOLLOW,
        /** Another content under the id of a trigger: a dead letter. */
        CONFLICT,
        /** No JSON: a dead letter. */
        MALFORMED
    }

    boolean isDeadLetter() {
        return kind == Kind.CONFLICT || kind == Kind.MALFORMED;
    }
}
