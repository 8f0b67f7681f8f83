package org.dbtrelay.lineage.follow;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is told of a partition of the relay's events: up to where all is, and of what lies behind how much. Safe for use from several
 * threads.
 */
final class Progress {

    /**
     * A state to commit.
     *
     * @param offset the first event of which something is still to be told
     */
    record State(long offset, String text) {}

    private static final class Open {
        private final Instant since;
        private Note note;

        Open(Instant since, Note note) {
            this.since = since;
            this.note = note;
        }
    }

    private final TreeMap<Long, Open> open = new TreeMap<>();
    private final Map<Long, Note> restored;
    private long next;
    private @Nullable State committed;

    /** Begins with what was committed: the offset, and the text beside it. */
    Progress(long offset, String text) {
        this.next = offset;
        this.restored = Note.read(offset, text);
    }

    /**
     * An event has been read.
     *
     * @param since when it was told
     * @param matters whether there is something to tell of it
     * @return how far it had been told before; empty: there is nothing to do
     */
    synchronized Optional<Note> take(long offset, Instant since, boolean matters) {
        if (offset < next) {
            // Somebody has made the topic anew: what was told before is gone with the old one.
            open.clear();
            restored.clear();
        }
        next = offset + 1;
        @Nullable Note before = restored.remove(offset);
        if (!matters) {
            return Optional.empty();
        }
        Note note = before == null ? new Note(-1, "", 0) : before;
        open.put(offset, new Open(since, note));
        return note.step() == Note.DONE ? Optional.empty() : Optional.of(note);
    }

    /** So much is told of an event. */
    synchronized void told(long offset, Note note) {
        @Nullable Open event = open.get(offset);
        if (event != null) {
            event.note = note;
        }
    }

    /** How many events are not told yet. */
    synchronized int pending() {
        return (int) open.values().stream()
                .filter(event -> event.note.step() != Note.DONE)
                .count();
    }

    /** The time of the oldest event that is not told yet. */
    synchronized Optional<Instant> oldest() {
        return open.values().stream()
                .filter(event -> event.note.step() != Note.DONE)
                .map(event -> event.since)
                .min(Instant::compareTo);
    }

    /** The state to commit; empty if it is the one that is. */
    synchronized Optional<State> toCommit() {
        while (!open.isEmpty() && open.firstEntry().getValue().note.step() == Note.DONE) {
            open.pollFirstEntry();
        }
        long offset = open.isEmpty() ? next : open.firstKey();
        Map<Long, Note> notes = new HashMap<>();
        open.forEach((at, event) -> {
            if (event.note.step() >= 0) {
                notes.put(at, event.note);
            }
        });
        // What was told before this process came, and has not been read again yet.
        restored.forEach((at, note) -> {
            if (at >= offset) {
                notes.putIfAbsent(at, note);
            }
        });
        State state = new State(offset, Note.write(offset, notes));
        return state.equals(committed) ? Optional.empty() : Optional.of(state);
    }

    /** The state is committed. */
    synchronized void committed(State state) {
        committed = state;
    }
}
