package org.dbtrelay.event;

import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.testkit.Schemas;

/** Events as the tests of other packages meet them: written as they are on the topics, and held against their schema. */
public final class CheckedEvents {

    private CheckedEvents() {}

    /**
     * Checks an event.
     *
     * @throws AssertionError if its data is not as {@code docs/schemas} says
     */
    public static void check(RunEvent event) {
        Schemas.assertEvent(EventJson.write(event));
    }
}
