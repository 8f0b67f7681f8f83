package org.dbtrelay.run.state;

import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * The runs of a command that may start another one when one has failed.
 *
 * @param failed how many runs of the command have failed and were followed, or are to be, by another one
 * @param intents how many intents there have been, for all of its runs: their numbers go on, so that a late answer is not taken for that of
 *     another run's start
 * @param last the last run that failed so; null: none has
 */
public record Retries(int failed, int intents, @Nullable RunSnapshot last) {

    /** Nothing has been started. */
    public static final Retries NONE = new Retries(0, 0, null);

    /** One more intent. */
    public Retries begun(int attempt) {
        return new Retries(failed, attempt, last);
    }

    /** One more run has failed, after which there is to be another. */
    public Retries after(RunSnapshot run) {
        return new Retries(failed + 1, intents, run);
    }
}
