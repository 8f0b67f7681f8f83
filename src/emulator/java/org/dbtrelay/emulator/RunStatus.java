package org.dbtrelay.emulator;

/** A run's status, with dbt Cloud's code and its word for people. Steps use the same codes. */
public enum RunStatus {
    QUEUED(1, "Queued"),
    STARTING(2, "Starting"),
    RUNNING(3, "Running"),
    SUCCESS(10, "Success"),
    ERROR(20, "Error"),
    CANCELLED(30, "Cancelled");

    private final int code;
    private final String humanized;

    RunStatus(int code, String humanized) {
        this.code = code;
        this.humanized = humanized;
    }

    /** The code on the wire. */
    public int code() {
        return code;
    }

    /** What stands in {@code status_humanized}. */
    public String humanized() {
        return humanized;
    }

    /** Whether no other status can follow. */
    public boolean isFinal() {
        return code >= 10;
    }

    /** The status with that code. */
    public static RunStatus of(int code) {
        for (RunStatus status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        throw new IllegalArgumentException("dbt Cloud has no run status " + code);
    }
}
