package org.dbtrelay.dbtcloud;

import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;

/** A call to dbt Cloud gave no answer that can be used; {@link #failure()} tells what that means. */
public final class DbtCloudException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient CallFailure failure;

    public DbtCloudException(CallFailure failure) {
        this(failure, null);
    }

    public DbtCloudException(CallFailure failure, @Nullable Throwable cause) {
        super(failure.detail(), cause);
        this.failure = failure;
    }

    /** What happened, and whether what was asked may have been done. */
    public CallFailure failure() {
        return failure;
    }
}
