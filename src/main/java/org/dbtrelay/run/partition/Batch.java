package org.dbtrelay.run.partition;

import java.time.Instant;
import org.dbtrelay.run.decide.Decision;

/** The decisions that are committed together. It is bounded; what it has no room for follows in the next one. */
public interface Batch {

    /** The time of all decisions in it. */
    Instant now();

    /** Adds a decision. */
    void take(Decision decision);

    /** Whether decisions that can wait have to wait for the next batch. */
    boolean isFull();
}
