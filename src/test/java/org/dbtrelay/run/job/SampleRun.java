package org.dbtrelay.run.job;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Builds runs for tests. Unless something else is set, a run of job 7 in account 1 that was queued at {@link #T0}. */
public final class SampleRun {

    public static final Instant T0 = Instant.parse("2026-11-22T10:00:00Z");

    private final long runId;
    private JobRunStatus status = JobRunStatus.Known.QUEUED;
    private @Nullable String message;
    private @Nullable Instant createdAt = T0;
    private @Nullable Instant startedAt;
    private @Nullable Instant finishedAt;
    private long jobId = 7;
    private @Nullable String cause;

    private RunDetails details = RunDetails.NONE;

    private SampleRun(long runId) {
        this.runId = runId;
    }

    public static SampleRun of(long runId) {
        return new SampleRun(runId);
    }

    public SampleRun status(JobRunStatus value) {
        status = value;
        return this;
    }

    public SampleRun message(@Nullable String value) {
        message = value;
        return this;
    }

    public SampleRun createdAt(@Nullable Instant value) {
        createdAt = value;
        return this;
    }

    public SampleRun startedAt(@Nullable Instant value) {
        startedAt = value;
        return this;
    }

    public SampleRun finishedAt(@Nullable Instant value) {
        finishedAt = value;
        return this;
    }

    public SampleRun jobId(long value) {
        jobId = value;
        return this;
    }

    public SampleRun cause(@Nullable String value) {
        cause = value;
        return this;
    }

    public SampleRun details(RunDetails value) {
        details = value;
        return this;
    }

    public RunSnapshot build() {
        return new RunSnapshot(
                runId,
                1,
                2L,
                3L,
                jobId,
                "daily",
                status,
                message,
                "https://x/" + runId,
                createdAt,
                startedAt,
                finishedAt,
                true,
                cause,
                null,
                details);
    }
}
