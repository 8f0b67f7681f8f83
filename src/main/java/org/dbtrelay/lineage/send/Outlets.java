package org.dbtrelay.lineage.send;

import java.util.List;

/** Several ways, one after another: who is first does not wait for who is last, but for its outages. */
public record Outlets(List<Outlet> outlets) implements Outlet {

    /** Copies the list. */
    public Outlets {
        outlets = List.copyOf(outlets);
    }

    @Override
    public void send(List<Encoded> events) throws InterruptedException {
        for (Outlet outlet : outlets) {
            outlet.send(events);
        }
    }

    @Override
    public boolean trySend(List<Encoded> events) throws InterruptedException {
        for (Outlet outlet : outlets) {
            if (!outlet.trySend(events)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        outlets.forEach(Outlet::close);
    }
}
