package org.dbtrelay.demo;

import java.util.List;
import java.util.function.Predicate;
import org.dbtrelay.testkit.ReceivedEvent;

/**
 * A record that the demo writes to the commands topic, and what has to come of it.
 *
 * @param title what it shows, for a person
 * @param key the record's key: the job
 * @param value the record's value
 * @param expectations each must be met by some event
 */
record DemoCommand(String title, String key, String value, List<Expectation> expectations) {

    DemoCommand {
        expectations = List.copyOf(expectations);
    }

    /**
     * Something that has to come.
     *
     * @param what for the list of what is missing
     */
    record Expectation(String what, Predicate<ReceivedEvent> isMetBy) {}
}
