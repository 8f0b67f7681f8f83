package org.dbtrelay.flow;

import jakarta.inject.Singleton;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.RunSelector;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.JobNames;
import org.jspecify.annotations.Nullable;

/** Finds the partition that has to get a command: by job, as producers are advised to, or beside the command that it names. */
@Singleton
public class Destinations {

    private final CommandViews views;

    Destinations(CommandViews views) {
        this.views = views;
    }

    /**
     * Where a command goes.
     *
     * @param key the record key that its sender wants; null: the one that suits it
     */
    public Destination of(Command.Fit command, @Nullable String key) {
        if (key != null) {
            return new Destination.Keyed(key);
        }
        return switch (command.task()) {
            case Task.Trigger trigger -> new Destination.Keyed(key(trigger.job()));
            case Task.Rerun rerun -> new Destination.Keyed(key(rerun.job()));
            case Task.Retry retry -> of(retry.run());
            case Task.Cancel cancel -> of(cancel.run());
            case Task.Follow follow -> new Destination.Keyed(Long.toString(follow.runId()));
        };
    }

    private Destination of(RunSelector run) {
        return switch (run) {
            case RunSelector.ById(long runId) -> new Destination.Keyed(Long.toString(runId));
            case RunSelector.OfCommand(String target) -> beside(target);
        };
    }

    private Destination beside(String target) {
        return views.find(target)
                .<Destination>map(view -> new Destination.Beside(view.partition(), target))
                .orElseGet(() -> new Destination.Unknown(target));
    }

    private static String key(JobSelector job) {
        return switch (job) {
            case JobSelector.ById(long jobId) -> Long.toString(jobId);
            case JobSelector.ByNames(JobNames names) ->
                names.projectName() + "/" + names.environmentName() + "/" + names.jobName();
        };
    }
}
