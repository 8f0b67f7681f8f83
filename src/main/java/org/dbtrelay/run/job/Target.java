package org.dbtrelay.run.job;

/** The account of dbt Cloud that a command concerns, and the connection over which the relay reaches it. */
public record Target(String connection, long accountId) {}
