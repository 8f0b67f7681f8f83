package org.dbtrelay.flow;

import java.util.Locale;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;

/** The reason of a command's wait. */
public enum WaitReason {
    /** Its next try: something failed a moment ago. */
    NEXT_TRY,
    /** A person, who has suspended its job. */
    SUSPENDED,
    /** The commands before it at its job: they start in the order of their records. */
    TURN,
    /** A run to end: as many are in flight as {@code relay.policy} allows. */
    SLOT,
    /** The outcome of the command that it is about. */
    TARGET,
    /** The end of the pause before another run: the last one failed. */
    PAUSE,
    /** More commands that want the same run, until the window closes. */
    WINDOW,
    /** The next start of its job: it was started a moment ago. */
    MIN_INTERVAL,
    /** The run that another command starts for it, too. */
    LEADER,
    /** An answer of dbt Cloud, or the budget. */
    DBT_CLOUD;

    static WaitReason of(RunState.Waiting state, RunEntry entry, int ahead, boolean needsSlot, boolean suspended) {
        if (state.notBefore() != null) {
            boolean starts = entry.openCommand().task().starts();
            boolean window = entry.share() != null && entry.share().latest() != null;
            boolean interval = state.failures() == 0
                    && starts
                    && entry.openCommand().options().minInterval() != null;
            return window ? WINDOW : interval ? MIN_INTERVAL : NEXT_TRY;
        }
        if (suspended) {
            return SUSPENDED;
        }
        if (ahead > 0) {
            return TURN;
        }
        if (needsSlot) {
            return SLOT;
        }
        return entry.openCommand().task().waitsForCommand() == null ? DBT_CLOUD : TARGET;
    }

    /** The word for it over HTTP. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
