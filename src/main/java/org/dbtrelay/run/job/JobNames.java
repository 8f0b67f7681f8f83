package org.dbtrelay.run.job;

/** A job by the exact names of its project, environment and itself. */
public record JobNames(String projectName, String environmentName, String jobName) {

    /** The length of all three together, in characters. */
    public int length() {
        return projectName.length() + environmentName.length() + jobName.length();
    }
}
