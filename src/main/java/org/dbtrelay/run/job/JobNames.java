package org.dbtrelay.run.job;

/** A job by the exact names of its project, environment and itself. */
public record JobNames(String projectName, String environmentName, String jobName) {}
