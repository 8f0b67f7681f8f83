package org.dbtrelay.lineage.follow;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.dbtrelay.lineage.event.LineageEvent;
import org.dbtrelay.lineage.send.Encoded;
import org.dbtrelay.lineage.send.Outlet;
import org.dbtrelay.lineage.tell.Telling;

/**
 * Sends the events of a step in chunks, and notes after each how many are there. Those that an earlier try has sent already are left
 * out, if they were made from the same artifacts: then they came in the same order.
 */
final class Chunks implements Telling {

    /** So many events are sent at once, or so many bytes. */
    private static final int MOST_EVENTS = 200;

    private static final int MOST_BYTES = 1024 * 1024;

    private final Outlet outlet;
    private final int step;
    private final Note before;
    private final Consumer<Note> notes;
    private final List<Encoded> chunk = new ArrayList<>();
    private String basis = "";
    private int told;
    private int leaveOut;
    private int bytes;

    /**
     * The events of a step.
     *
     * @param before how far they were told before
     */
    Chunks(Outlet outlet, int step, Note before, Consumer<Note> notes) {
        this.outlet = outlet;
        this.step = step;
        this.before = before;
        this.notes = notes;
    }

    @Override
    public void on(String artifacts) {
        basis = artifacts;
        boolean isSame = before.step() == step && before.basis().equals(artifacts);
        leaveOut = told == 0 && isSame ? before.events() : Math.min(leaveOut, told);
    }

    @Override
    public void tell(LineageEvent event) throws InterruptedException {
        told++;
        if (told <= leaveOut) {
            return;
        }
        Encoded encoded = Encoded.of(event);
        chunk.add(encoded);
        bytes += encoded.json().length;
        // Not between the start of a node and its end: another try may have other nodes.
        if (!event.isStart() && (chunk.size() >= MOST_EVENTS || bytes >= MOST_BYTES)) {
            send();
        }
    }

    /**
     * Events are not taken now. They are not waited for here: artifacts are open, and with them requests to dbt Cloud, which others need.
     */
    static final class NotTaken extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final transient List<Encoded> events;
        private final transient Note then;

        NotTaken(List<Encoded> events, Note then) {
            super("lineage events are not taken");
            this.events = List.copyOf(events);
            this.then = then;
        }

        /** Those that wait. */
        List<Encoded> events() {
            return events;
        }

        /** How far the step is told when they are there. */
        Note then() {
            return then;
        }
    }

    /**
     * Sends what is left.
     *
     * @throws NotTaken they are not taken now
     */
    void send() throws InterruptedException {
        if (!chunk.isEmpty()) {
            Note then = new Note(step, basis, told);
            if (!outlet.trySend(chunk)) {
                throw new NotTaken(chunk, then);
            }
            chunk.clear();
            bytes = 0;
            notes.accept(then);
        }
    }
}
