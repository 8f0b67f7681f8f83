package org.dbtrelay.flow;

import java.time.Instant;
import java.util.function.Consumer;
import org.dbtrelay.run.command.Observed;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.observe.Observation;
import org.dbtrelay.run.observe.ObserveCursor;

/** The accounts that an instance observes, with an owner that takes what it is told to take, and whose commits succeed. */
public final class SimObservations {

    private final Observations all = new Observations();

    public Observations all() {
        return all;
    }

    /** A claim has the account from now on. */
    public ObservedAccount serve(
            long claim, Observed observed, ObserveCursor cursor, Instant now, Consumer<Input> inbox) {
        ObservedAccount account = new ObservedAccount(
                claim,
                new Target("default", observed.accountId()),
                observed,
                new Observation(observed, "sim", cursor, now),
                inbox);
        all.serve(account);
        return account;
    }

    /** The claim is over. */
    public void end(ObservedAccount account) {
        all.end(account);
    }

    /** The owner takes an answer, and commits what follows. */
    public static Observation.Step take(ObservedAccount account, Input answer, Instant now) {
        Observation.Step step = switch (answer) {
            case Input.ObservationBegins begun -> account.take(begun);
            case Input.RunsListed listed -> account.take(listed, now);
            default -> throw new IllegalArgumentException("nothing of a lister: " + answer);
        };
        account.committed();
        return step;
    }
}
