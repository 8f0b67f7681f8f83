package org.dbtrelay.flow;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.dbtrelay.run.command.Observed;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.observe.Observation;
import org.jspecify.annotations.Nullable;

/**
 * An account that is observed, for one claim of the partition that has its cursor. The owner's thread decides; a lister reads from any
 * thread where to list on, and puts what it has listed into the inbox.
 */
public final class ObservedAccount {

    private final long claim;
    private final Target target;
    private final Observed observed;
    private final Observation observation;
    private final Consumer<Input> inbox;
    private final Queue<String> written = new ConcurrentLinkedQueue<>();
    private volatile State state;

    // Only for the owner's thread.
    private final List<String> toBeWritten = new ArrayList<>();
    private boolean wantsMore;
    private long pages;

    /**
     * What a lister has to know.
     *
     * @param pages how many answers the owner has taken; one that is to be given counts from there
     * @param above the next page is listed above it; null: it has not begun yet
     * @param wantsMore the listing goes on at once
     * @param isWhole everything that the last listing has met is dealt with
     * @param floor up to there everything is dealt with for good
     * @param caughtUpAt up to when every run that dbt Cloud listed is dealt with
     */
    public record State(
            long pages, @Nullable Long above, boolean wantsMore, boolean isWhole, long floor, Instant caughtUpAt) {}

    ObservedAccount(long claim, Target target, Observed observed, Observation observation, Consumer<Input> inbox) {
        this.claim = claim;
        this.target = target;
        this.observed = observed;
        this.observation = observation;
        this.inbox = inbox;
        this.state = new State(0, observation.above(), true, false, observation.floor(), observation.caughtUpAt());
    }

    /** The number of the claim: of another one nothing of this holds. */
    public long claim() {
        return claim;
    }

    /** The connection, and its own account. */
    public Target target() {
        return target;
    }

    /** What is observed. */
    public Observed observed() {
        return observed;
    }

    /** The state by the last commit. */
    public State state() {
        return state;
    }

    /** Gives the owner an answer; it is taken once. */
    public void offer(Input answer) {
        inbox.accept(answer);
    }

    /** The ids of the commands that were written since the last call. */
    public List<String> takeWritten() {
        List<String> taken = new ArrayList<>();
        for (String id = written.poll(); id != null; id = written.poll()) {
            taken.add(id);
        }
        return taken;
    }

    /** The owner takes an answer, which is of this claim. */
    Observation.Step take(Input.ObservationBegins begun) {
        return taken(observation.begin(begun.cursor()));
    }

    /** The owner takes an answer, which is of this claim. */
    Observation.Step take(Input.RunsListed listed, Instant now) {
        return taken(observation.take(listed.page(), now));
    }

    /** A page was taken of which nothing may follow now; the next listing has it again. */
    Observation.Step skip() {
        return taken(new Observation.Step(List.of(), null, false));
    }

    private Observation.Step taken(Observation.Step step) {
        pages++;
        wantsMore = step.wantsMore();
        step.found().forEach(run -> toBeWritten.add(Origin.idOf(target.accountId(), run.runId())));
        return step;
    }

    /** What was decided is committed. */
    void committed() {
        written.addAll(toBeWritten);
        toBeWritten.clear();
        state = new State(
                pages,
                observation.above(),
                wantsMore,
                observation.isWhole(),
                observation.floor(),
                observation.caughtUpAt());
    }
}
