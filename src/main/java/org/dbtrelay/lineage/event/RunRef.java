package org.dbtrelay.lineage.event;

import java.util.UUID;

/** A run that others are parts of. */
public record RunRef(UUID runId, JobName job) {}
