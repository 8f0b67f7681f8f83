package org.dbtrelay.lineage.event;

/** The name of a job in lineage, unique in its namespace. */
public record JobName(String namespace, String name) {}
