package org.dbtrelay.run.job;

import org.jspecify.annotations.Nullable;

/**
 * Why there is another run after one that failed.
 *
 * @param kind the wire name of the {@link FailurePattern.Kind} of the failure; {@link #ANY} if nobody asked for it
 * @param adapter see {@link FailurePattern}; null: no pattern was looked for, or none found
 * @param pattern the text of the pattern; null: likewise
 */
public record RetryReason(
        String kind, @Nullable String adapter, @Nullable String pattern) {

    /** The kind where each failure is followed by another run, and no pattern matches this one. */
    public static final String ANY = "any";

    /** By a pattern; null: by none. */
    public static RetryReason of(@Nullable FailurePattern pattern) {
        return pattern == null
                ? new RetryReason(ANY, null, null)
                : new RetryReason(pattern.kind().wireName(), pattern.adapter(), pattern.text());
    }
}
