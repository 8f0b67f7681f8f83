package org.dbtrelay.emulator;

/** A dbt project. */
public record EmulatedProject(long id, long accountId, String name) {}
