package org.dbtrelay.sim;

import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;

/** What kinds of tasks there are, by the names under which they are counted. */
final class Tasks {

    private Tasks() {}

    /** A dry run counts as a kind of its own; null: the command was never accepted. */
    static String name(ResolvedCommand order) {
        return order == null
                ? "Refused"
                : order.task() instanceof Task.Trigger trigger && trigger.dryRun()
                        ? "DryRun"
                        : order.task().getClass().getSimpleName();
    }
}
