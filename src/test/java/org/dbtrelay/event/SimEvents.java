package org.dbtrelay.event;

import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.run.command.Policy;

/** Lets the simulation make what is made by the container otherwise. */
public final class SimEvents {

    private SimEvents() {}

    /** The real records of events. */
    public static EventRecords events(RelayConfig config, Policy policy) {
        return new EventRecords(config, policy);
    }

    /** The real commands for observed runs. */
    public static ObservedRecords observedRecords(RelayConfig config) {
        return new ObservedRecords(config);
    }

    /** The real records of dead letters. */
    public static DeadLetterRecords deadLetters(RelayConfig config) {
        return new DeadLetterRecords(config);
    }
}
