package org.dbtrelay.run.decide;

import java.util.List;
import java.util.stream.Stream;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.state.RunEntry;
import org.jspecify.annotations.Nullable;

/**
 * The result of an input: entry, events and dead letter to commit, and actions for afterwards.
 *
 * @param entry the command's new entry; null: unchanged
 * @param forgotten the id of a command whose entry is deleted; null: none
 * @param onward inputs to other commands of the partition, for the same commit
 * @param deadLetter the verdict on the record that came in; null: it is none
 */
public record Decision(
        @Nullable RunEntry entry,
        @Nullable String forgotten,
        List<RunEvent> events,
        List<Action> actions,
        List<Input.CommandInput> onward,
        @Nullable DeadLetter deadLetter) {

    /** Nothing changes and nothing is to be done. */
    public static final Decision NOTHING = new Decision(null, null, List.of(), List.of(), List.of(), null);

    public Decision {
        events = List.copyOf(events);
        actions = List.copyOf(actions);
        onward = List.copyOf(onward);
    }

    /** Nothing changes, but there is something to do. */
    static Decision only(Action action) {
        return new Decision(null, null, List.of(), List.of(action), List.of(), null);
    }

    /** The record that came in is put aside. */
    static Decision deadLetter(DeadLetter verdict) {
        return new Decision(null, null, List.of(), List.of(), List.of(), verdict);
    }

    /** The entry is deleted. */
    static Decision forget(String commandId) {
        return new Decision(null, commandId, List.of(), List.of(), List.of(), null);
    }

    /** The same with more to do. */
    Decision with(List<Action> more) {
        return new Decision(
                entry,
                forgotten,
                events,
                Stream.concat(actions.stream(), more.stream()).toList(),
                onward,
                deadLetter);
    }

    /** The same, and others are told something. */
    Decision telling(List<Input.CommandInput> more) {
        return new Decision(
                entry,
                forgotten,
                events,
                actions,
                Stream.concat(onward.stream(), more.stream()).toList(),
                deadLetter);
    }

    /** True if something is to be committed before the actions may be done. */
    public boolean changes() {
        return entry != null || forgotten != null || !events.isEmpty() || deadLetter != null;
    }
}
