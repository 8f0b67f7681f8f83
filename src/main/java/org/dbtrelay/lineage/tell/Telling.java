package org.dbtrelay.lineage.tell;

import org.dbtrelay.lineage.event.LineageEvent;

/** Takes the events of a step, in an order that is the same whenever the same artifacts are there. */
public interface Telling {

    /**
     * The events that follow depend on this. What was told before with something else has to be told again.
     *
     * @param basis which artifacts are there, and what else decides which events there are
     */
    void on(String basis);

    /** The next event. */
    void tell(LineageEvent event) throws InterruptedException;
}
