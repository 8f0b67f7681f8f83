package org.dbtrelay.run.job;

import org.jspecify.annotations.Nullable;

/**
 * The names that belong to the ids of a run. They come from lists that the relay reads now and then, so each is null until then.
 *
 * @param environmentType {@code production}, {@code staging}, {@code deployment} or {@code development}
 * @param dbtVersion the version that runs of the environment use by default
 */
public record RunNames(
        @Nullable String projectName,
        @Nullable String environmentName,
        @Nullable String environmentType,
        @Nullable String dbtVersion) {

    /** Nothing is known. */
    public static final RunNames NONE = new RunNames(null, null, null, null);
}
