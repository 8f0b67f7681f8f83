package org.dbtrelay.demo;

import java.util.List;
import java.util.function.Predicate;
import org.dbtrelay.testkit.ReceivedEvent;
import org.jspecify.annotations.Nullable;

/**
 * A record that the demo writes to the commands topic, and what has to come of it.
 *
 * @param title what it shows, for a person
 * @param key the record's key: the job
 * @param value the record's value
 * @param after it is written when this has come; null: at once
 * @param expectations each must be met by some event
 */
record DemoCommand(
        String title, String key, String value, @Nullable Expectation after, List<Expectation> expectations) {

    DemoCommand {
        expectations = List.copyOf(expectations);
    }

    /** A command that is written at once. */
    DemoCommand(String title, String key, String value, List<Expectation> expectations) {
        this(title, key, value, null, expectations);
    }

    /**
     * Something that has to come.
     *
     * @param what for the list of what is missing
     */
    record Expectation(String what, Predicate<ReceivedEvent> isMetBy) {}
}
