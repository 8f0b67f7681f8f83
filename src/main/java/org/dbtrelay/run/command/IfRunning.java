package org.dbtrelay.run.command;

/** What happens when the job has a run in flight. */
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
