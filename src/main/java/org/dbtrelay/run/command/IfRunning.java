package org.dbtrelay.run.command;

/** The effect of a run in flight on a trigger of the same job. */
public enum IfRunning {
    /** dbt Cloud queues the new one. */
    QUEUE,
    /** The newest one in flight is followed instead. */
    REUSE,
    /** The command is rejected. */
    SKIP,
    /** The one in flight is cancelled first. */
    REPLACE
}
