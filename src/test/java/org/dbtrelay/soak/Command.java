package org.dbtrelay.soak;

/**
 * A command that was sent, or a record that is none.
 *
 * @param id the command's id; of a record that is no command, a text that stands in it
 * @param jobId what its record is keyed by; of a trigger also the job
 * @param target the command that a cancel or a retry is for, what is refused of the job of {@link Kind#REFUSED}; empty for
 *     others
 */
record Command(String id, Kind kind, long jobId, String target) {

    /** The kinds of commands, by which they can end. */
    enum Kind {
        TRIGGER,
        /** A trigger of a job that there is not. */
        TRIGGER_OF_NOTHING,
        /** A trigger of a job of which dbt Cloud refuses something for ever. */
        REFUSED,
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
