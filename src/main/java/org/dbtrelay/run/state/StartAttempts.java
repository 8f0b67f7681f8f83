package org.dbtrelay.run.state;

import java.time.Instant;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.Truncate;
import org.jspecify.annotations.Nullable;

/**
 * The starts of a command so far. While one of them is in doubt, the bounds of the search for its run stay those of the first:
 * a later start must not make the run of an earlier one invisible.
 *
 * @param attempts how many intents there have been
 * @param unclear how many of them could be neither found nor excluded
 * @param firstIntentAt when the first intent that may have led to a run was decided; null if there was none
 * @param newestRunId the highest run id of the account that was known before that; null if none was known
 * @param lastFailure the last failure of a start, or of a call before it;
 *     null: nothing failed
 */
public record StartAttempts(
        int attempts,
        int unclear,
        @Nullable Instant firstIntentAt,
        @Nullable Long newestRunId,
        @Nullable String lastFailure) {

    private static final int LONGEST_FAILURE = 300;

    /** Nothing has been tried. */
    public static final StartAttempts NONE = new StartAttempts(0, 0, null, null, null);

    /** For another run, when there have been so many intents for earlier ones, whose runs are known. */
    public static StartAttempts after(int intents) {
        return new StartAttempts(intents, 0, null, null, null);
    }

    /** One more intent. */
    public StartAttempts begin(Instant now, @Nullable Long newestRunIdNow) {
        return firstIntentAt == null
                ? new StartAttempts(attempts + 1, unclear, now, newestRunIdNow, lastFailure)
                : new StartAttempts(attempts + 1, unclear, firstIntentAt, newestRunId, lastFailure);
    }

    /** The last intent has surely not led to a run. */
    public StartAttempts surelyNot() {
        return unclear == 0 ? new StartAttempts(attempts, 0, null, null, lastFailure) : this;
    }

    /** A call failed. */
    public StartAttempts failed(CallFailure failure) {
        return new StartAttempts(
                attempts,
                unclear,
                firstIntentAt,
                newestRunId,
                Truncate.withEllipsis(LONGEST_FAILURE, failure.detail()));
    }

    /** A message with why it came to this, if that is known. */
    public String explain(String message) {
        return lastFailure == null ? message : message + "; the last failure was: " + lastFailure;
    }

    /** The last intent has left no run behind that could be found. */
    public StartAttempts notFound() {
        return new StartAttempts(attempts, unclear + 1, firstIntentAt, newestRunId, lastFailure);
    }
}
