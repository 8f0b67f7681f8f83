package org.dbtrelay.dbtcloud;

import org.dbtrelay.run.job.CallFailure;
import org.jspecify.annotations.Nullable;

/** A call to dbt Cloud gave no answer that can be used; {@link #failure()} tells what that means. */
public final class DbtCloudException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient CallFailure failure;

    /** A failure without a cause in this process. */
    public DbtCloudException(CallFailure failure) {
        this(failure, null);
    }

    /** A failure, and the exception that it comes from. */
    public DbtCloudException(CallFailure failure, @Nullable Throwable cause) {
        super(failure.detail(), cause);
        this.failure = failure;
    }

    /** The failure; it says whether the request may have been carried out. */
    public CallFailure failure() {
        return failure;
    }
}
