package org.dbtrelay.run.command;

/** How a command names a run. */
public sealed interface RunSelector {

    /** By dbt Cloud's id, 64 bits. */
    record ById(long runId) implements RunSelector {}

    /** The run of another command, which has to be in the same partition. */
    record OfCommand(String commandId) implements RunSelector {}
}
