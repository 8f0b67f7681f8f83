package org.dbtrelay.dbtcloud.runs;

import java.util.List;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;

/**
 * One page of a list of runs.
 *
 * @param runs the rows that could be read
 * @param unreadable how many could not: a row of an unknown shape must not hide the others
 * @param isLast whether the list has no page after this one
 */
record RunPage(List<RunSnapshot> runs, int unreadable, boolean isLast) {

    int rows() {
        return runs.size() + unreadable;
    }

    /** Throws if it does not tell of all its runs of a job. */
    void mustBeWhole(long jobId) throws DbtCloudException {
        if (unreadable > 0) {
            throw new DbtCloudException(
                    new CallFailure.Unclear("dbt Cloud listed runs of job " + jobId + " that cannot be read."));
        }
    }
}
