package org.dbtrelay.event;

import org.dbtrelay.config.RelayConfig;

/** The writer of dead letters, for tests outside this package. */
public final class DeadLetterRecordsForTests {

    private DeadLetterRecordsForTests() {}

    public static DeadLetterRecords of(RelayConfig config) {
        return new DeadLetterRecords(config);
    }
}
