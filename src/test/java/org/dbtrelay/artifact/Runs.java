package org.dbtrelay.artifact;

import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunDetails;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.RunStep;

/** Runs and steps for tests that need nothing of them but their ids and statuses. */
final class Runs {

    private Runs() {}

    static RunSnapshot ended(JobRunStatus.Known status) {
        return of(4238, 70403110257794L, status, true);
    }

    static RunSnapshot of(long accountId, long runId, JobRunStatus.Known status, boolean saved) {
        return new RunSnapshot(
                runId,
                accountId,
                null,
                null,
                559062,
                null,
                status,
                null,
                null,
                null,
                null,
                null,
                saved,
                null,
                null,
                RunDetails.NONE);
    }

    static RunStep step(int index, String command, JobRunStatus.Known status) {
        return new RunStep(index, "Invoke dbt with `" + command + "`", status, true, command, "");
    }

    static RunStep named(int index, String name, JobRunStatus.Known status) {
        return new RunStep(index, name, status, true, null, "");
    }
}
