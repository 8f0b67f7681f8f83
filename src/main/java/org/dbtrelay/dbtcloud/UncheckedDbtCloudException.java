package org.dbtrelay.dbtcloud;

import java.util.Objects;

/** A {@link DbtCloudException} where none may be thrown: while a list is read through its iterator or stream. */
public final class UncheckedDbtCloudException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The same, unchecked. */
    public UncheckedDbtCloudException(DbtCloudException cause) {
        super(cause.getMessage(), cause);
    }

    /** The failure. */
    public DbtCloudException failure() {
        return (DbtCloudException) Objects.requireNonNull(getCause());
    }
}
