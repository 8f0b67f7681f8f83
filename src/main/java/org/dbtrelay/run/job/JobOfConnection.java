package org.dbtrelay.run.job;

/**
 * A job as a person suspends it: by the connection over which commands start it.
 *
 * @param connection its name
 * @param jobId dbt Cloud's id
 */
public record JobOfConnection(String connection, long jobId) {}
