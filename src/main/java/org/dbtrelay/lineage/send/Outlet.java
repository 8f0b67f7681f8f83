package org.dbtrelay.lineage.send;

import java.util.List;

/** A way to those who want lineage. Safe for use from several threads. */
public interface Outlet extends AutoCloseable {

    /**
     * Sends events in their order. Returns when each is there, or was refused for what is in it; an outage is waited for, however long
     * it lasts. An event can come twice.
     */
    void send(List<Encoded> events) throws InterruptedException;

    /**
     * As {@link #send}, but waits for no outage.
     *
     * @return false if some of them may not be there; then all of them have to be sent again
     */
    boolean trySend(List<Encoded> events) throws InterruptedException;

    /** Ends all connections at once. */
    @Override
    void close();
}
