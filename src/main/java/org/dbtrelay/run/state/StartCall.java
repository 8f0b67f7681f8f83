package org.dbtrelay.run.state;

/** The call that starts a run. */
public sealed interface StartCall {

    /** The trigger: a new run of the job, marked in its cause. */
    record Trigger() implements StartCall {}

    /** The retry of a run. dbt Cloud takes no cause with it, so the run that it starts carries no marker. */
    record Retry(long runId) implements StartCall {}
}
