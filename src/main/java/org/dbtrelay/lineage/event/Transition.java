package org.dbtrelay.lineage.event;

/** What an event tells of a run: OpenLineage's {@code eventType}. */
public enum Transition {
    /** It has begun. */
    START,
    /** It has ended well. */
    COMPLETE,
    /** It has failed. */
    FAIL,
    /** It was cancelled, or had no chance to begin. */
    ABORT
}
