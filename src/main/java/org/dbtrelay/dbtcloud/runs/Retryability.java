package org.dbtrelay.dbtcloud.runs;

import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * A run and whether dbt Cloud would retry it from its point of failure.
 *
 * @param canRetry dbt Cloud's {@code can_retry}; false where the answer does not tell
 * @param notSupportedReason dbt Cloud's {@code retry_not_supported_reason}, one of {@code RETRY_UNSUPPORTED_CMD},
 *     {@code RETRY_UNSUPPORTED_VERSION}, {@code RETRY_NOT_LATEST_RUN}, {@code RETRY_NOT_FAILED_RUN},
 *     {@code RETRY_NO_RUN_RESULTS}, or one that came later; null where it gives none
 */
public record Retryability(
        RunSnapshot run, boolean canRetry, @Nullable String notSupportedReason) {}
