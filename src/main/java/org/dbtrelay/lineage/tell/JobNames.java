package org.dbtrelay.lineage.tell;

import org.dbtrelay.lineage.event.JobName;

/**
 * The names of the jobs of lineage. They hold dbt Cloud's id of the job and not its name, which people change: lineage would break with
 * it. A node is a job of its own for each job of dbt Cloud that builds it, as the specification wants it for what has another schedule.
 */
final class JobNames {

    private static final int LONGEST_COMMAND = 200;

    private final String namespace;
    private final String prefix;

    JobNames(String namespace, long jobId) {
        this.namespace = namespace;
        // No dot before the part: DataHub takes what stands before the first one for the flow.
        this.prefix = "job-" + jobId;
    }

    JobName ofRun() {
        return new JobName(namespace, prefix);
    }

    /** By its command and not by its number, which changes with the steps before it. */
    JobName ofStep(String command) {
        return of(command.length() > LONGEST_COMMAND ? command.substring(0, LONGEST_COMMAND) : command);
    }

    JobName ofNode(String uniqueId) {
        return of(uniqueId);
    }

    JobName ofTests(String testedId) {
        return of("tests." + testedId);
    }

    private JobName of(String part) {
        return new JobName(namespace, prefix + "." + part);
    }
}
