package org.dbtrelay.emulator;

/** An environment of a project; {@code dbtVersion} is free text such as {@code latest}. */
public record EmulatedEnvironment(long id, long accountId, long projectId, String name, String dbtVersion) {}
