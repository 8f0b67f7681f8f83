package org.dbtrelay.sim;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.dbtrelay.flow.CommandViews;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.sim.Orders.Order;

/**
 * One history, from a seed: commands, several processes of the relay, trouble for some time, then quiet until everything has
 * come to its end; and then what has to hold is looked at. What has to hold all the time is looked at while it happens, in
 * {@link Truth}, {@link SimChannel} and {@link Budget}.
 */
final class Simulation {

    private static final long PATIENCE = Duration.ofMinutes(40).toNanos();
    private static final long SETTLE = Duration.ofSeconds(4).toNanos();

    private final World world;

    private Simulation(Plan plan, Mutant mutant) {
        this.world = new World(plan, mutant);
    }

    /**
     * What came of a history.
     *
     * @param violations none: all is well
     */
    record Result(Plan plan, List<String> violations, Trace trace, Coverage coverage, long steps, long nanos) {
        boolean isFine() {
            return violations.isEmpty();
        }
    }

    static Result run(Plan plan) {
        return run(plan, Mutant.NONE);
    }

    static Result run(Plan plan, Mutant mutant) {
        return new Simulation(plan, mutant).run();
    }

    private Result run() {
        world.begin();
        // A clock that is wrong by an hour may make a process wait for an hour.
        // And artifacts are waited for up to an hour while dbt Cloud cannot be asked, and count as pending.
        // Where few commands may be pending, the others come in after them, wave by wave.
        long end = world.plan().troubleUntil()
                + PATIENCE * (world.lasting() != null ? 8 : world.plan().wrongClocks() ? 4 : 1);
        world.scheduler().run(() -> isOver() || isBroken(), end);
        world.check(!world.scheduler().isExhausted(), "the history does not come to rest");
        if (!isBroken()) {
            check();
        }
        for (int looks = 0; !isBroken() && (looks == 0 || (looks < 10 && strayMemory() != null)); looks++) {
            // What is decided and not committed yet, and what a process still has that has not noticed its loss.
            world.scheduler().run(this::isBroken, world.scheduler().now() + SETTLE);
        }
        if (!isBroken()) {
            String stray = strayMemory();
            world.check(stray == null, "%s", stray);
        }
        return new Result(
                world.plan(),
                world.violations(),
                world.trace(),
                world.coverage(),
                world.scheduler().steps(),
                world.scheduler().now());
    }

    private boolean isBroken() {
        return !world.violations().isEmpty();
    }

    private boolean isOver() {
        return world.scheduler().now() > world.plan().troubleUntil()
                && world.orders().allSent()
                && world.orders().all().stream().allMatch(this::isDone)
                && world.observers().isDone();
    }

    private boolean isDone(Order order) {
        return order.fate() == Orders.Fate.HELD
                || (world.truth().isTaken(order)
                        && (order.fate() == Orders.Fate.DEAD_LETTER || isFinished(order.id())));
    }

    private boolean isFinished(String id) {
        Truth.Known known = world.truth().command(id);
        return known != null && known.last != null && known.last.state() instanceof RunState.Finished;
    }

    private void check() {
        for (Order order : world.orders().all()) {
            String source = order.source();
            List<String> reasons = order.fate() == Orders.Fate.DEAD_LETTER ? List.of(order.reason()) : List.of();
            world.check(
                    world.truth().deadLetters(source).equals(reasons),
                    "record %s has the dead letters %s and should have %s",
                    source,
                    world.truth().deadLetters(source),
                    reasons);
            if (order.fate() != Orders.Fate.HELD && order.partition() >= 0 && !"malformed".equals(order.reason())) {
                int to = world.truth().passedOnTo(source);
                world.check(
                        to == (order.lies() == order.partition() ? -1 : order.partition()),
                        "record %s of the key of partition %d was passed on to %d",
                        source,
                        order.partition(),
                        to);
            }
            if (order.fate() == Orders.Fate.HELD && !isElsewhereToo(order)) {
                world.check(
                        world.truth().command(order.id()) == null, "%s was taken in a degraded partition", order.id());
            } else if (order.fate() != Orders.Fate.DEAD_LETTER) {
                Truth.Known known = world.truth().command(order.id());
                world.check(
                        known != null && known.outcome != null && isFinished(order.id()),
                        "%s has no outcome: %s",
                        order.id(),
                        known == null ? "it was never taken" : known.last);
            }
        }
        if (!isBroken()) {
            new Endings(world).check();
        }
        if (!isBroken()) {
            world.observers().check();
        }
    }

    /** Whether a client that hashes otherwise has sent the command to a partition that is served. */
    private boolean isElsewhereToo(Order order) {
        return world.orders().all().stream()
                .anyMatch(other -> other.id().equals(order.id()) && other.fate() != Orders.Fate.HELD);
    }

    /** What an owner has in memory that the ledger does not say; null: nothing. */
    private String strayMemory() {
        for (Instance instance : world.instances()) {
            for (Map.Entry<String, Truth.Known> each : world.truth().commands().entrySet()) {
                CommandViews.View view =
                        instance.flow().views().find(each.getKey()).orElse(null);
                RunEntry last = each.getValue().last;
                if (view != null
                        && !view.entry().equals(last)
                        && !instance.process().isFrozen()
                        && !instance.process().isHanging()) {
                    return each.getKey() + " has in memory " + view.entry() + " and in the ledger " + last;
                }
            }
        }
        return null;
    }
}
