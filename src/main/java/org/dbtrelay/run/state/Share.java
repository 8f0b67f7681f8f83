package org.dbtrelay.run.state;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The place of a command among those that want one run together ({@code coalesce}). Who leads them follows from the order of
 * their records: the first that is not over.
 *
 * @param window the id of the command that opened the window, which all of them have
 * @param latest more commands are waited for until then, at the latest; null: no more are waited for
 * @param into the id of the command that has started the run; null: none has yet, or it is this one
 * @param joined for how many other commands this one has started the run
 */
public record Share(
        String window, @Nullable Instant latest, @Nullable String into, int joined) {

    /** The command opens a window. */
    public static Share open(String commandId, @Nullable Instant latest) {
        return new Share(commandId, latest, null, 0);
    }

    /** The same of a command that joins. */
    public Share join() {
        return new Share(window, latest, null, 0);
    }

    /** No more commands are waited for. */
    public Share closed() {
        return new Share(window, null, into, joined);
    }

    /** The run is that of another command. */
    public Share in(String leader) {
        return new Share(window, null, leader, 0);
    }

    /** It starts the run for others, too. */
    public Share leading(int others) {
        return new Share(window, null, null, others);
    }
}
