package org.dbtrelay.emulator;

/** The permission sets of service tokens that matter for running jobs, by dbt Cloud's table of permissions. */
public enum Permission {
    /** Jobs and runs, and to read all that they belong to. */
    JOB_ADMIN,
    /** The least that can trigger and cancel; it sees neither projects nor environments. */
    JOB_RUNNER,
    /** Reads all, changes nothing. */
    JOB_VIEWER;

    boolean allows(Endpoint endpoint) {
        return switch (endpoint) {
            case TRIGGER, RERUN, RETRY, CANCEL -> this != JOB_VIEWER;
            case CREATE_JOB, DELETE_JOB -> this == JOB_ADMIN;
            case GET_CONNECTION -> this == JOB_ADMIN;
            case LIST_PROJECTS, GET_PROJECT, LIST_ENVIRONMENTS, GET_ENVIRONMENT -> this != JOB_RUNNER;
            default -> true;
        };
    }
}
