package org.dbtrelay.flow;

import java.time.Instant;
import java.util.function.Consumer;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;

/** Lets other packages' tests schedule polls, as a claim does. */
public final class SimPolls {

    private SimPolls() {}

    /** No account is observed. */
    public static Observations observations() {
        return new Observations();
    }

    /** Adds a poll of a claim of its own. */
    public static void add(PollSchedule polls, Action.SchedulePoll poll, Instant now, Consumer<Input> inbox) {
        polls.add(polls.begin(), poll, now, inbox);
    }
}
