package org.dbtrelay.dbtcloud.runs;

import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/** A run did not come to the status that was waited for. Its message says all of this for a person. */
public final class DbtCloudJobRunException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient RunSnapshot run;
    private final boolean timedOut;
    private final transient @Nullable String failedStep;

    DbtCloudJobRunException(String message, RunSnapshot run, boolean timedOut, @Nullable String failedStep) {
        super(message);
        this.run = run;
        this.timedOut = timedOut;
        this.failedStep = failedStep;
    }

    /** The run as it was seen last, with status and URL. */
    public RunSnapshot run() {
        return run;
    }

    /** True if the time was over before the run ended; false if it ended otherwise than was waited for. */
    public boolean timedOut() {
        return timedOut;
    }

    /** The name of the first step that failed; null if none did, or it could not be read. */
    public @Nullable String failedStep() {
        return failedStep;
    }
}
