package org.dbtrelay.run.command;

import java.time.Duration;
import org.dbtrelay.run.job.RunFilter;
import org.jspecify.annotations.Nullable;

/**
 * Which runs of a connection's account are observed, and how.
 *
 * @param accountId the connection's own account
 * @param requested the terms of the commands that follow the runs; they never cancel one
 * @param interval between two listings
 * @param since how far back the first listing goes; null: only runs that come after it
 * @param overlap a run that was seen is listed again for so long, for an older one may show late
 * @param overlapRuns so many of the newest runs are listed again in any case
 */
public record Observed(
        long accountId,
        RunFilter filter,
        RequestedOptions requested,
        Duration interval,
        @Nullable Duration since,
        Duration overlap,
        int overlapRuns) {}
